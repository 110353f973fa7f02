import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../server/src/kernel/clock.ts';
import { type Database, openDatabase } from '../../server/src/kernel/sql/pool.ts';
import { writeCheckpoints } from '../../server/src/services/audit/checkpoint.ts';
import { headIn } from '../../server/src/services/audit/head.ts';
import { memoryLog, startTestApi, type TestApi } from '../../server/src/testing/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../../testkit/src/index.ts';
import { buildCli } from '../build.ts';

// docs/audit-trail.md as somebody would type it: bash, the bundled command, the real API and checkpoints that a worker would write.

const run = promisify(execFile);
let database: TestDatabase;
let api: TestApi;
let worker: Database;
let home: string;
let environment: Record<string, string>;
let isOver = false;
let sweeping: Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ database });
  worker = openDatabase({ connectionString: database.workerUrl, max: 1, min: 0 });
  home = mkdtempSync(join(tmpdir(), 'thecloud-audit-guide-'));
  mkdirSync(join(home, 'bin'));
  const bundle = await buildCli(join(home, 'dist', 'cloud.js'));
  writeFileSync(join(home, 'bin/cloud'), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`, { mode: 0o755 });
  const owner = await api.makeActor();
  environment = {
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    HOME: home,
    CLOUD_ENDPOINT: api.url,
    CLOUD_API_KEY: owner.key,
  };
  const { privateKey } = generateKeyPairSync('ed25519');
  const head = headIn(join(home, 'head.json'));
  sweeping = (async () => {
    while (!isOver) {
      await writeCheckpoints({ database: worker, clock: systemClock, log: memoryLog([]), privateKey, head });
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  })();
}, 60_000);
afterAll(async () => {
  isOver = true;
  await sweeping;
  await worker.close();
  await api.stop();
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

const cloud = (...args: string[]) =>
  run(join(home, 'bin/cloud'), args, { cwd: home, env: environment }).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

it('every command of the guide to the audit trail does what the guide says', async () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/audit-trail.md'), 'utf8');
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', blocks.join('\necho "--- next"\n')], {
    cwd: home,
    env: environment,
  });
  const said = stdout.split('--- next\n');
  expect(said[0]!.match(/vpc\.create/g)).toHaveLength(2);
  expect(said[2]).toMatch(/^Good: \d+ rows verified in \d+ checkpoints\.$/m);
  expect(said[3]).toMatch(/^the row \S+ \(vpc\.create at \S+\) was changed after it was written\nNOT GOOD/m);
  expect(readFileSync(join(home, 'trail.csv'), 'utf8')).toMatch(/^created_at,.*\r\n.*vpc\.create/);
  expect(said[5]).toMatch(/^Good: the row \S+ \(vpc\.create at \S+\) is in the checkpoint \d+/);
  expect(said[6]).toMatch(/^days +400$/m);
}, 60_000);

it('verify reads archives and needs neither a platform nor a login, and says what is wrong with its arguments', async () => {
  writeFileSync(join(home, 'trail.jsonl.gz'), gzipSync(readFileSync(join(home, 'trail.jsonl'))));
  const { CLOUD_ENDPOINT: _, CLOUD_API_KEY: __, ...offline } = environment;
  environment = { ...offline, CLOUD_ENDPOINT: 'http://127.0.0.1:9' };
  expect(await cloud('audit', 'verify', 'trail.jsonl.gz', '--public-key', 'audit-keys.txt')).toMatchObject({ code: 0 });
  const head = '0'.repeat(64);
  const cut = await cloud('audit', 'verify', 'trail.jsonl', '--public-key', 'audit-keys.txt', '--head', head);
  expect(cut).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`the checkpoint with the hash ${head} was removed`),
  });
  const other = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
  expect(await cloud('audit', 'verify', 'trail.jsonl', '--public-key', other)).toMatchObject({ code: 1 });
  expect(await cloud('audit', 'verify', 'nothing.jsonl', '--public-key', other)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot read nothing.jsonl'),
  });
  expect(await cloud('audit', 'verify', 'trail.jsonl', '--public-key', 'nothing')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--public-key 'nothing' is neither a public key nor a file"),
  });
  expect(await cloud('audit', 'verify', 'trail.jsonl')).toMatchObject({ code: 2 });
  const proof = readFileSync(join(home, 'proof.json'), 'utf8');
  writeFileSync(join(home, 'forged.json'), proof.replace('"allowed"', '"refused"'));
  expect(await cloud('audit', 'verify-proof', 'forged.json', '--public-key', 'audit-keys.txt')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^NOT GOOD: the row \S+ is not in the checkpoint/),
  });
}, 60_000);
