import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removePlatformNetwork } from '../linux-network/linux-network-engine.ts';
import { platformNames } from '../names.ts';
import { sendSignal, sleep, waitUntil } from '../processes.ts';
import { expectNothingLeft, findEngineObstacle, readyImage, testSpec } from '../testing.ts';
import { IncusComputeEngine } from './incus-compute-engine.ts';
import { incusDirOf, startIncusDaemon, stopDaemon } from './incus-daemon.ts';
import { listMountNamespaceProcesses } from './mount-namespace.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the making of the storage pool: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('the storage pool', { timeout: 60_000 }, () => {
  let options: { dataDir: string; platformId: string; poolGb: number };
  let compute: IncusComputeEngine;
  const ref = { tenantId: 'tenant', instanceId: 'one' };

  beforeEach(() => {
    const dataDir = mkdtempSync('/tmp/cloud-engine-');
    options = { dataDir, platformId: `test ${dataDir}`, poolGb: 4 };
    compute = new IncusComputeEngine(options);
  });
  afterEach(async () => {
    await compute.close();
    await stopDaemon(options, 0);
    await removePlatformNetwork(options.platformId);
    rmSync(options.dataDir, { recursive: true, force: true });
    await expectNothingLeft(options.platformId, options.dataDir);
  }, 60_000);

  /** incusd, what it runs, and who started it, all at once. */
  const killAll = async (starter?: number): Promise<void> => {
    const names = platformNames(options.platformId);
    if (starter !== undefined) sendSignal(starter, 'SIGKILL');
    const isDone = async (): Promise<boolean> => {
      const pids = await listMountNamespaceProcesses(names);
      for (const pid of pids) sendSignal(pid, 'SIGKILL');
      return pids.length === 0;
    };
    expect(await waitUntil(isDone, 10_000)).toBe(true);
  };
  /** Starts Incus in a process of its own and kills everything so long after it began with the pool. */
  const killWhileItIsMade = async (ms: number): Promise<void> => {
    const url = JSON.stringify(new URL('./incus-daemon.ts', import.meta.url).href);
    const code = `const { startIncusDaemon } = await import(${url});
      await startIncusDaemon({ ...${JSON.stringify(options)}, onProgress: (line) => console.log(line) });
      console.log('made');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((done, fail) => {
      child.stdout.on('data', (chunk: Buffer) => chunk.toString().includes('storage pool') && done());
      child.once('exit', (exitCode) => fail(new Error(`ended with ${exitCode}`)));
    });
    await sleep(ms);
    await killAll(child.pid);
  };
  const launch = async (): Promise<void> => {
    expect(await compute.availability()).toEqual({ ok: true });
    await readyImage(compute, 'busybox');
    await compute.define(ref, testSpec('one'));
    await compute.start(ref);
    expect((await compute.inspect(ref))?.state).toBe('running');
  };

  test.each([2, 36])('killed %i ms after it was begun: the next start has a pool that works', async (ms) => {
    await killWhileItIsMade(ms);
    await startIncusDaemon(options);
    await launch();
  });

  test('killed again and again while it is made: the start after that has one', async () => {
    for (const ms of [5, 15, 25]) await killWhileItIsMade(ms).catch(() => killAll());
    await startIncusDaemon(options);
    await launch();
  });

  test('one that held something is never made again: the engine is unavailable, and says why', async () => {
    const disk = `${incusDirOf(options.dataDir)}/disks/cloud.img`;
    await startIncusDaemon(options);
    await launch();
    await stopDaemon(options, 0);
    const before = await swapSuperblock(disk, Buffer.alloc(4096));
    await startIncusDaemon(options).catch(() => undefined);
    expect(await compute.availability()).toEqual({ ok: false, missing: expect.stringContaining('storage pool') });
    expect(existsSync(disk)).toBe(true);
    await stopDaemon(options, 0);
    await swapSuperblock(disk, before);
    await startIncusDaemon(options);
    expect(await compute.availability()).toEqual({ ok: true });
    await compute.start(ref);
  });
});

/** btrfs has copies of its superblock; a mount looks at the first. */
async function swapSuperblock(path: string, bytes: Uint8Array): Promise<Buffer> {
  const file = await open(path, 'r+');
  try {
    const before = Buffer.alloc(4096);
    await file.read(before, 0, 4096, 65_536);
    await file.write(bytes, 0, 4096, 65_536);
    return before;
  } finally {
    await file.close();
  }
}
