import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MachineRef } from '../../services/instances/compute-engine.ts';
import { platformNames, projectName } from '../names.ts';
import { sendSignal, waitUntil } from '../processes.ts';
import { findEngineObstacle, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { endInstanceProcesses, stopAllInstances } from './instance-processes.ts';
import { IncusClient } from './incus-client.ts';
import { logFolderOf, markAsked } from './run-record.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of Incus: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('runs of a first process', () => {
  let platform: TestPlatform;
  let made = 0;
  beforeAll(async () => {
    platform = await startTestPlatform({ poolGb: 2 });
  });
  afterAll(() => platform?.close());

  /** Started; without a command it is the image's own init. */
  const start = async (command?: readonly string[]): Promise<MachineRef> => {
    const ref = { tenantId: 'tenant', instanceId: `run-${++made}` };
    await platform.compute.define(ref, testSpec(ref.instanceId, undefined, command ? { command } : {}));
    await platform.compute.start(ref);
    return ref;
  };
  const look = (ref: MachineRef) => platform.compute.inspect(ref);
  const ended = async (ref: MachineRef) => {
    expect(await waitUntil(async () => (await look(ref))?.state === 'stopped', 10_000)).toBe(true);
    return (await look(ref))!.runs!;
  };
  const exec = (ref: MachineRef, ...command: string[]) =>
    platform.compute.exec(ref, { command, timeoutMs: 5_000, outputLimit: 1_000 });

  test.each([
    ['an exit code', 'sleep 0.2; exit 7', 7, false],
    ['success', 'sleep 0.2', 0, false],
    ['a signal', 'sleep 0.2; kill -TERM $$', 143, false],
    ['the end of its memory', 'sleep 0.2; exec dd if=/dev/zero of=/dev/null bs=300M count=1', 137, true],
  ])('ends by %s', async (_, script, code, oomKilled) => {
    const { ends, lastEnd } = await ended(await start(['sh', '-c', script]));
    expect([ends, lastEnd!.code, lastEnd!.oomKilled]).toEqual([1, code, oomKilled]);
    expect(lastEnd!.ranMs).toBeGreaterThanOrEqual(150);
    expect(Math.abs(lastEnd!.at - Date.now())).toBeLessThan(15_000);
  });

  test('a child that runs out of memory is not the end of its parent', async () => {
    const ref = await start(['sh', '-c', 'sleep 0.2; dd if=/dev/zero of=/dev/null bs=300M count=1; sleep 0.2; exit 3']);
    expect((await ended(ref)).lastEnd).toMatchObject({ code: 3, oomKilled: false });
  });

  test.each([
    ['no program', ['/etc/passwd'], 126],
    ['not there', ['/no/such/program'], 127],
    ['a script that ends', ['sh', '-c', 'exit 5'], 5],
  ])('a command that is %s is down by the time that its start is over', async (_, command, code) => {
    const seen = await look(await start(command));
    expect(seen).toMatchObject({ state: 'stopped', runs: { ends: 1, lastEnd: { code } } });
  });

  test.each([
    ["the image's init", undefined],
    ['a command', ['sh', '-c', 'while :; do sleep 0.1; done']],
  ])('reboot and poweroff inside end %s, and nothing starts it again behind our back', async (_, command) => {
    for (const word of ['reboot', 'poweroff', 'halt']) {
      const ref = await start(command);
      await exec(ref, word).catch(() => undefined);
      expect((await ended(ref)).ends).toBe(1);
      await platform.compute.remove(ref);
    }
    const ref = await start(command);
    expect((await exec(ref, 'reboot', '-f')).exitCode).not.toBe(0);
    expect(await look(ref)).toMatchObject({ state: 'running', runs: { ends: 0 } });
  });

  test('nothing inside can write the record, and what is named like a line of the log counts for nothing', async () => {
    const ref = await start(['sh', '-c', 'sleep 1']);
    for (let pid = 1; pid < 3; pid++)
      await exec(ref, `Child <${pid}> ended on error (99); rm -rf /`, '$(touch /tmp/x)').catch(() => undefined);
    expect((await ended(ref)).lastEnd).toMatchObject({ code: 0, oomKilled: false });
  });

  test('the end of a run that goes on after a stop that failed is its own', async () => {
    const ref = await start(['sh', '-c', 'sleep 1; exit 4']);
    const project = projectName(platform.platformId, ref.tenantId);
    await markAsked(logFolderOf(platform.daemon.incusDir, project, platform.compute.nameOf(ref.instanceId)));
    await platform.compute.start(ref);
    expect(await ended(ref)).toMatchObject({ ends: 1, lastEnd: { code: 4 } });
  });

  test('an end that nobody could see is one without a code; one that the platform asked for is none', async () => {
    const client = new IncusClient(platform.daemon.socketPath);
    const [cut, stopped] = [await start(), await start(['sleep', '1000'])];
    const names = platformNames(platform.platformId);
    try {
      await platform.compute.stop(stopped, 0);
      await platform.compute.start(stopped);
      await stopAllInstances(client, platform.daemon.incusDir, 1_000);
      await platform.compute.start(cut);
      await platform.compute.start(stopped);
      // As when the host loses its power: nothing of it is written any more.
      sendSignal(platform.daemon.pid, 'SIGKILL');
      await endInstanceProcesses(names);
      await platform.restartDaemon();
    } finally {
      await client.close();
    }
    for (const ref of [cut, stopped]) {
      const { runs } = (await look(ref))!;
      expect(runs).toEqual({ ends: 1, lastEnd: { at: expect.any(Number), oomKilled: false } });
      await platform.compute.start(ref);
      expect((await look(ref))!.runs).toMatchObject({ ends: 1, startedAt: expect.any(Number) });
    }
  });
});
