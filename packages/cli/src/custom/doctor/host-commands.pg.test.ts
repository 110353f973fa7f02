import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, withClient } from '../../../../testkit/src/index.ts';
import { openShell, type TestShell } from '../../testing/test-world.ts';
import type { Finding } from './checks.ts';

let test: TestDatabase;
let folder: string;
let shell: TestShell;
beforeAll(async () => {
  test = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'thecloud-doctor-'));
  shell = openShell({ CLOUD_DATA_DIR: join(folder, 'data'), DATABASE_URL: test.ownerUrl });
});
afterAll(async () => {
  shell.remove();
  rmSync(folder, { recursive: true, force: true });
  await test.drop();
});

const findingsOf = async (check: string, env: Record<string, string> = {}) =>
  (JSON.parse((await shell.cloud(['doctor', '-o', 'json'], { env })).stdout) as Finding[]).filter(
    (one) => one.check === check,
  );

it('the doctor asks the database how it is, and says why it does not answer', async () => {
  expect(await findingsOf('database')).toEqual([{ check: 'database', status: 'ok', message: 'the database answers' }]);
  expect(await findingsOf('migrations')).toMatchObject([{ status: 'ok' }]);
  const nowhere = { DATABASE_URL: 'postgres://cloud:sesame@127.0.0.1:1/thecloud' };
  const [silent] = await findingsOf('database', nowhere);
  expect(silent).toMatchObject({ status: 'fail', mend: 'check DATABASE_URL and the server' });
  expect(silent!.message).toContain('Connection refused');
  expect(JSON.stringify(silent)).not.toContain('sesame');
  expect(await findingsOf('database', { DATABASE_URL: 'mysql://x' })).toMatchObject([
    { status: 'fail', message: expect.stringContaining('DATABASE_URL is not the address of a database') },
  ]);
});

it('a support bundle tells of hosts, work, migrations and settings', async () => {
  await withClient(test.ownerUrl, (client) =>
    client.query(
      `insert into hosts (name, vcpus, memory_mb, disk_gb) values ('box', 4, 4096, 100);
     insert into reconcile (kind, id, attempts, last_error) values ('instance', gen_random_uuid(), 9, 'password=sesame, no space left');
     insert into platform_settings (name, value) values ('notice', 'hello')`,
    ),
  );
  const file = join(folder, 'bundle.tar.gz');
  const ended = await shell.cloud(['support-bundle', '--file', file]);
  expect(ended).toMatchObject({ code: 0, stdout: `${file}\n` });
  expect(ended.stderr).not.toContain('.json');
  execFileSync('tar', ['-xzf', file, '-C', folder]);
  const root = join(folder, readdirSync(folder).find((name) => name.startsWith('thecloud-support-'))!);
  const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
  expect(read('hosts.json')).toMatchObject([{ name: 'box', vcpus: 4 }]);
  expect(read('work.json')).toMatchObject([{ kind: 'instance', all: 1, failing: 1 }]);
  expect(read('stuck.json')).toMatchObject([{ attempts: 9, last_error: 'password=[removed], no space left' }]);
  expect(read('platform-settings.json')).toMatchObject([{ name: 'notice', value: 'hello' }]);
  expect(read('migrations.json').length).toBeGreaterThan(20);
  expect(read('sizes.json').length).toBeGreaterThan(10);
  expect(read('settings.json').DATABASE_URL).not.toContain('sesame');
});
