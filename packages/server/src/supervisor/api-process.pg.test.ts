import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase } from '../../../testkit/src/index.ts';
import { type ApiConfig, loadSettings } from '../config.ts';
import { ec2Client, stsClient } from '../testing/aws-clients.ts';
import { bundleOnce } from './bundle.ts';
import { startProcess } from './start-process.ts';
import { currentIdentity } from './system-users.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../../..');

const database = await createTestDatabase();
afterAll(() => database.drop());
const dataDir = mkdtempSync(join(tmpdir(), 'thecloud-api-process-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('the API, from its bundle, says where its doors are; AWS clients find its models', {
  timeout: 60_000,
}, async () => {
  const settings = loadSettings({
    CLOUD_DATA_DIR: dataDir,
    CLOUD_LISTEN: '127.0.0.1:0',
    CLOUD_AWS_LISTEN: '127.0.0.1:0',
  });
  for (const folder of [settings.paths.app, settings.paths.logs]) mkdirSync(folder);
  const config: ApiConfig = {
    ...settings,
    databaseUrl: database.apiUrl,
    operatorDatabaseUrl: database.operatorUrl,
    dataDatabaseUrl: database.dataUrl,
    masterKey: new Uint8Array(32),
    platformId: '00000000-0000-7000-8000-0000000000fe',
    engine: { available: false, reason: 'none in this test' },
  };
  const bundle = await bundleOnce(REPOSITORY, settings.paths.app, 'packages/server/src/supervisor/process-entry.ts');
  const life = await startProcess(
    {
      handover: { role: 'api', config },
      node: process.execPath,
      bundle,
      logsDir: settings.paths.logs,
      identity: currentIdentity(),
      isRoot: false,
    },
    new AbortController().signal,
  );
  try {
    const [address] = life.addresses;
    const post = async (path: string, body: object, key?: string) => {
      const answer = await fetch(`${address}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key ? { 'x-api-key': key } : {}) },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { data: any }).data;
    };
    const login = { email: 'ann@example.com', password: 'correct horse battery staple' };
    const user = await post('/auth/register', { ...login, name: 'Ann' });
    const { api_key: session } = await post('/auth/login', login);
    const made = await post('/auth/keys', { name: 'aws' }, session);
    const door = { awsUrl: life.awsAddress! };
    const key = { accessKeyId: made.aws_access_key_id, secretAccessKey: made.aws_secret_access_key };
    expect(await stsClient(door, key).send(new GetCallerIdentityCommand())).toMatchObject({ UserId: user.id });
    expect((await ec2Client(door, key).send(new DescribeVpcsCommand())).Vpcs).toEqual([]);
  } finally {
    await life.stop(new AbortController().signal);
  }
  expect(await bundleOnce(REPOSITORY, settings.paths.app, 'packages/server/src/supervisor/process-entry.ts')).toBe(
    bundle,
  );
});
