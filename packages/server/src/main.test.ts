import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** As the person sees it: nothing of this process's environment, everything that was printed. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: { PATH: '/usr/bin:/bin', CLOUD_DATA_DIR: '/nonexistent/thecloud', ...env },
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { status, told: stdout + stderr };
}

const REFUSED = 'postgres://cloud:hunter2@127.0.0.1:1/thecloud';

test.each([
  [['-migrate-only', 'down'], {}, '-migrate-only down: -migrate-only applies pending migrations'],
  [['sideways'], {}, "unknown argument 'sideways'"],
  [['migrate', 'sideways'], {}, 'migrate sideways: not a migrate command; use no argument, down, status or up-to N'],
  [['migrate'], {}, 'DATABASE_URL is empty and no platform runs here'],
  [['migrate'], { DATABASE_URL: REFUSED }, 'DATABASE_URL=postgres://***@127.0.0.1:1/thecloud: nothing answers there'],
  [
    [],
    { CLOUD_DATA_DIR: '/proc/thecloud', CLOUD_LISTEN: '127.0.0.1:0', CLOUD_AWS_LISTEN: '127.0.0.1:0' },
    'CLOUD_DATA_DIR=/proc/thecloud: cannot be used',
  ],
])('%j %j: one line, and 2', (args, env, told) => {
  const ended = run(args, env);
  expect(ended).toMatchObject({ status: 2 });
  expect(ended.told.startsWith(told)).toBe(true);
  expect(ended.told.trimEnd()).not.toContain('\n');
});
