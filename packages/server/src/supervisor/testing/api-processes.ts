import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { type ApiConfig, loadSettings } from '../../config.ts';
import { bundleOnce } from '../bundle.ts';
import { type ProcessLife, startProcess } from '../start-process.ts';
import { currentIdentity } from '../system-users.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../../../..');

/** Real API processes, from the bundle, on one new database. All is gone after the file's last test. */
export async function setUpApiProcesses() {
  const database: TestDatabase = await createTestDatabase();
  afterAll(() => database.drop());
  const dataDir = mkdtempSync(join(tmpdir(), 'thecloud-api-process-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const lives: ProcessLife[] = [];
  afterAll(() => Promise.all(lives.map((life) => life.stop(new AbortController().signal))));
  const settings = loadSettings({
    CLOUD_DATA_DIR: dataDir,
    CLOUD_LISTEN: '127.0.0.1:0',
    CLOUD_AWS_LISTEN: '127.0.0.1:0',
    CLOUD_AUTH_RATE_LIMIT: '1000',
    CLOUD_HOSTS: 'cloud.lan',
    CLOUD_PUBLIC_URL: 'https://cloud.example.com',
  });
  for (const folder of [settings.paths.app, settings.paths.logs]) mkdirSync(folder);
  const config: ApiConfig = {
    ...settings,
    databaseUrl: database.apiUrl,
    operatorDatabaseUrl: database.operatorUrl,
    dataDatabaseUrl: database.dataUrl,
    smtpUrl: undefined,
    masterKeys: new Map([[1, new Uint8Array(32)]]),
    platformId: '00000000-0000-7000-8000-0000000000fe',
    engine: { available: false, reason: 'none in this test' },
  };
  const bundle = () => bundleOnce(REPOSITORY, settings.paths.app, 'packages/server/src/supervisor/process-entry.ts');
  return {
    database,
    bundle,
    /** One after the other: each looks whether the bundle is there. */
    async start(): Promise<ProcessLife> {
      const life = await startProcess(
        {
          handover: { role: 'api', config },
          node: process.execPath,
          bundle: await bundle(),
          logsDir: settings.paths.logs,
          identity: currentIdentity(),
          isRoot: false,
          say: () => undefined,
        },
        new AbortController().signal,
      );
      lives.push(life);
      return life;
    },
  };
}
