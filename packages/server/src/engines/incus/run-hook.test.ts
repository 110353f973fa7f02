import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle } from '../testing.ts';
import { findStaticBusybox } from './images/busybox-image.ts';
import { readRunRecord, RUN_HOOK } from './run-record.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of the hook: ${obstacle}`);

/** The hook as LXC's monitor runs it, over a log of LXC that holds these lines when the first process ends. */
describe.skipIf(obstacle !== undefined)('the hook that counts ends', () => {
  const PID = 4242;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloud-hook-'));
    await writeFile(`${folder}/hook`, RUN_HOOK);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const runHook = async (type: 'start-host' | 'stop') =>
    runCommand(await findStaticBusybox(), ['sh', `${folder}/hook`, 'run'], {
      env: { LXC_CONSOLE_LOGPATH: `${folder}/console.out`, LXC_PID: String(PID), LXC_NAME: 'x', LXC_HOOK_TYPE: type },
    });
  const endWith = async (...lines: string[]) => {
    await runHook('start-host');
    await writeFile(`${folder}/lxc.log`, lines.map((line) => `lxc x 20260101000000.000 ${line}\n`).join(''));
    await runHook('stop');
    return readRunRecord(folder);
  };
  const said = (what: string) =>
    `INFO     start - ../src/lxc/start.c:signal_handler:447 - Child <${PID}> ended on ${what}`;
  const named = (what: string) =>
    `ERROR    attach - ../src/lxc/attach.c:lxc_attach_run_command:1841 - No such file or directory - Failed to exec "Child <${PID}> ended on ${what}"`;

  test.each([
    [[], 0],
    [[said('error (7)')], 7],
    [[said('error (255)')], 255],
    [[said('signal SIGKILL(9)')], 137],
    [[said('error (3)'), named('error (99)')], 3],
  ])('finds in the log how it ended: %j', async (lines, code) => {
    expect(await endWith(...lines)).toMatchObject({ ends: 1, pid: 0, lastEnd: { code, oomKilled: false } });
  });

  test.each([
    'error (99)',
    'signal SIGKILL(9)',
    'signal SIGKILL(09)',
    'signal SIGKILL(x)',
    'signal SIGKILL(',
    'error (1234)',
  ])('counts for nothing what a command is named like: %s', async (words) => {
    expect(await endWith(named(words))).toMatchObject({ ends: 1, pid: 0, lastEnd: { code: 0 } });
  });

  test.each(['signal SIGKILL(09)', 'error (09)', 'signal SIGKILL()', 'error (1234)'])(
    'records an end whatever a line of the log holds: %s',
    async (words) => {
      expect(await endWith(said(words))).toMatchObject({
        ends: 1,
        pid: 0,
        lastEnd: { code: 0, ranMs: expect.any(Number) },
      });
    },
  );

  test('writes nine numbers in a line', async () => {
    await endWith();
    expect(await readFile(`${folder}/runs`, 'utf8')).toMatch(/^1 \d+ \d+ [0-9a-f-]{36} 0 \d+ \d+ 0 0\n$/);
  });
});
