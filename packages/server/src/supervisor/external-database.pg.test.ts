import { spawn } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgresCluster, type PostgresCluster, withClient } from '../../../testkit/src/index.ts';
import { endLeftovers, waitForEnd } from './processes.ts';
import { makeDataDir, until } from './testing/platform-process.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** The end of Incus is seen by looking, four times a second, with a timer that keeps no process alive: seen late, nothing else is left to wait for. */
const SLOW_LOOKS = `data:text/javascript,${encodeURIComponent(
  'const real = globalThis.setTimeout; globalThis.setTimeout = (call, ms, ...rest) => real(call, ms === 250 ? 2000 : ms, ...rest);',
)}`;

let cluster: PostgresCluster;
let dataDir: string;
beforeAll(async () => {
  // The platform changes the passwords of its roles, which belong to the whole server.
  cluster = await startPostgresCluster();
  await withClient(cluster.url('postgres', 'postgres'), async (client) => {
    await client.query('create role boss login createrole');
    await client.query('create database theirs owner boss');
  });
  // The API's user comes to the socket too.
  chmodSync(/host=([^&]*)/.exec(decodeURIComponent(cluster.url('boss', 'theirs')))?.[1] ?? '', 0o711);
  dataDir = makeDataDir();
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function startMain(env: Readonly<Record<string, string>>, ...nodeArgs: readonly string[]) {
  const child = spawn(process.execPath, [...nodeArgs, MAIN], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
      CLOUD_DATA_DIR: dataDir,
      CLOUD_LISTEN: '127.0.0.1:0',
      CLOUD_AWS_LISTEN: '127.0.0.1:0',
      CLOUD_STORAGE_SIZE_GB: '2',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

test('with DATABASE_URL on a socket, starts, and stops in order to the end', {
  timeout: 90_000,
}, async () => {
  const started = startMain({ DATABASE_URL: cluster.url('boss', 'theirs') }, '--import', SLOW_LOOKS);
  const { child } = started;
  try {
    await until(
      'it is ready',
      () => started.output().includes('Press Ctrl-C to stop.') || child.exitCode !== null,
      60_000,
    );
    expect(started.output()).toContain('the one of DATABASE_URL');
    child.kill('SIGTERM');
    await waitForEnd(child);
    expect(started.output()).toMatch(/SIGTERM: stopping\nstopped after [\d.]+ s\n$/);
    expect(child.exitCode).toBe(0);
    expect(existsSync(join(dataDir, 'run/processes.json'))).toBe(false);
  } finally {
    child.kill('SIGKILL');
    await waitForEnd(child);
    await endLeftovers(join(dataDir, 'run/processes.json'));
  }
});

test('a lone API logs in as its three roles, and says which one it cannot', { timeout: 60_000 }, async () => {
  const env = { CLOUD_ROLE: 'api', DATABASE_URL: cluster.url('cloud_api', 'theirs') };
  const refused = startMain({ ...env, CLOUD_OPERATOR_DATABASE_URL: cluster.url('nobody', 'theirs') });
  await waitForEnd(refused.child);
  expect(refused.output()).toMatch(/^CLOUD_OPERATOR_DATABASE_URL=postgres:[^\n]*role "nobody" does not exist[^\n]*\n$/);
  expect(refused.child.exitCode).toBe(2);

  const { child, output } = startMain(env);
  try {
    await until('it is ready', () => output().includes("The Cloud's api is ready") || child.exitCode !== null, 30_000);
    child.kill('SIGTERM');
    await waitForEnd(child);
    expect(child.exitCode, output()).toBe(0);
  } finally {
    child.kill('SIGKILL');
    await waitForEnd(child);
  }
});
