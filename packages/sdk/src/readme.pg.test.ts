import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { Ticket } from '../../server/src/kernel/ticket.ts';
import { setUpApi } from '../../server/src/testing/set-up-api.ts';
import { uniqueWord } from '../../server/src/testing/test-api.ts';

// The examples of the README, one after the other, against the real API on a real database. There is no worker: what a reconciler would
// write, the test writes, and it answers for the engine.

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'thecloud-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { api, owner } = await setUpApi({
  live: {
    'instances.exec': async ({ spec }: Ticket) => ({
      exit_code: 0,
      stdout: Buffer.from(String(spec.stdin), 'base64').toString(),
      stderr: '',
      encoding: 'utf-8',
      truncated: false,
      timed_out: false,
    }),
    'instances.logs': {
      stream: async () =>
        (async function* log() {
          yield Buffer.from('booted');
        })(),
    },
    'instances.terminal': {
      socket: async () => async (peer) => {
        for await (const _ of peer.messages) break;
      },
    },
  },
});

/** Every instance becomes what its user wants, within a moment. */
const settling = setInterval(() => {
  void api.owner
    .query(
      `update instances set status = case power when 'running' then 'RUNNING' else 'STOPPED' end, observed_version = version
       where observed_version is distinct from version and deleted_at is null returning pg_notify('cloud_status', id::text)`,
    )
    .catch(() => undefined);
}, 50);
afterAll(() => clearInterval(settling));

/** Something happens all the time, for who follows events. */
const happening = setInterval(() => {
  void api.call('vpcs.create', { name: `happening-${uniqueWord()}` }, owner).catch(() => undefined);
}, 250);
afterAll(() => clearInterval(happening));

it('every example of the README compiles, runs, and prints what it should', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text]) => text!);
  expect(blocks.length).toBeGreaterThan(8);
  const program = blocks
    .join('\n')
    .replace("'http://127.0.0.1:8080'", JSON.stringify(api.url))
    .replace("'thecloud_…'", JSON.stringify(owner.key));
  writeFileSync(join(folder, 'readme.ts'), program);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['readme.ts'] }));
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch((error: { stdout: string }) =>
    expect.unreachable(error.stdout),
  );
  const { stdout } = await run(process.execPath, ['readme.ts'], { cwd: folder, timeout: 60_000 });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'web RUNNING 10.0.0.2',
    '1 undefined',
    'web RUNNING',
    'true VPC_CREATE vpc',
    "CONFLICT: a VPC named 'main' already exists; choose another name",
    'true',
    'true',
    'STOPPED',
    "[ 'web' ]",
    'true',
    'hello 0',
    'booted',
    'resize photo 1 1',
  ]);
}, 90_000);
