import type { EngineState, Settings } from '../config.ts';
import { findMissing } from '../engines/availability.ts';
import { type IncusDaemon, startIncusDaemon, stopDaemon } from '../engines/incus/incus-daemon.ts';
import { hasOutgrown } from '../engines/incus/incusd-memory.ts';
import { hasLxcfs, startLxcfs } from '../engines/incus/lxcfs.ts';
import { endUnreadMessages } from '../engines/incus/unread-messages.ts';
import { canMountAgain } from '../engines/incus/pool-space.ts';
import { removePlatformNetwork } from '../engines/linux-network/linux-network-engine.ts';
import { type Kept, keepRunning } from './keep-running.ts';

/** Whether this machine can run instances, and if not, what to do about it. Looks only; starts nothing. */
export async function lookForEngine(): Promise<EngineState> {
  const reason = (await findMissing('compute')) ?? (await findMissing('network'));
  return reason === undefined ? { available: true } : { available: false, reason };
}

/** Milliseconds between two looks at the pool, at incusd's memory, and at what instances take past their limits: some small files. */
const LOOK_MS = 2_000;
/** Milliseconds between two stops to mount the pool again: a disk that fails makes it read-only each time, and instances must not be stopped in a loop. */
const MOUNT_AGAIN_MS = 10 * 60_000;

/**
 * Resolves when the daemon is gone. One that takes too much memory is ended. A pool that is read-only has to be unmounted first, and so everything that uses it stopped; the next
 * start mounts it, and may begin only when the stop is through.
 */
async function endOf(
  daemon: IncusDaemon,
  dataDir: string,
  pool: { mountedAgainAt: number },
  say: (line: string) => void,
): Promise<string> {
  let isOver = false;
  const over = daemon.ended.then(() => {
    isOver = true;
  });
  const isTime = (): boolean => performance.now() - pool.mountedAgainAt >= MOUNT_AGAIN_MS;
  while (!isOver && !(isTime() && (await canMountAgain(dataDir).catch(() => false)))) {
    if (await hasOutgrown(daemon.pid, daemon.incusDir).catch(() => false)) {
      // One that does not end is taken over again.
      await daemon.end().catch(() => undefined);
      return 'took too much memory and was ended';
    }
    for (const name of await endUnreadMessages(daemon.incusDir).catch(sayFailure(say)))
      say(`the instance ${name} held more unread messages of netlink than it may and was ended`);
    await Promise.race([over, new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS).unref())]);
  }
  if (isOver) return 'ended';
  pool.mountedAgainAt = performance.now();
  await daemon.stop({ graceMs: 0 });
  return 'had a read-only storage pool and was stopped to mount it again';
}

const sayFailure = (say: (line: string) => void) => (error: unknown) => {
  say(`an instance that holds too many unread messages of netlink does not end: ${String(error)}`);
  return [];
};

/**
 * Keeps the platform's Incus running. As root, in the supervisor, not in the worker: instances must outlive a worker that dies, and the
 * order of stopping is the supervisor's. A failing first start does not keep the rest of the platform down.
 */
export async function keepEngine(settings: Settings, platformId: string, say: (line: string) => void): Promise<Kept> {
  const showsLimits = await hasLxcfs();
  const pool = { mountedAgainAt: Number.NEGATIVE_INFINITY };
  const incus = await keepRunning({
    name: 'Incus',
    say,
    firstMayFail: true,
    start: async () => {
      const daemon = await startIncusDaemon({
        dataDir: settings.dataDir,
        platformId,
        ...(settings.storageSizeGb === undefined ? {} : { poolGb: settings.storageSizeGb }),
        onProgress: say,
      });
      // Before any instance starts. Why it does not start is told below.
      if (showsLimits) await startLxcfs({ dataDir: settings.dataDir, platformId }).catch(() => undefined);
      return {
        pid: daemon.pid,
        ended: endOf(daemon, settings.dataDir, pool, say),
        stop: (hurry) => daemon.stop({ graceMs: hurry.aborted ? 0 : 10_000 }),
      };
    },
  });
  const lxcfs = showsLimits ? await keepLxcfs(settings, platformId, say) : undefined;
  if (!lxcfs) say('lxcfs is not installed: instances show the memory and the load of the host (apt-get install lxcfs)');
  return {
    ...incus,
    async stop(hurry) {
      // It is not started again from here on, and ends behind the instances, with all that is in their mount namespace.
      const lxcfsStopped = lxcfs?.stop(hurry);
      await incus.stop(hurry);
      // It may have been dead just then, between two starts: its instances and mounts are not.
      await stopDaemon({ dataDir: settings.dataDir, platformId }, 0);
      await lxcfsStopped;
      // The worker that drove it is gone, the instances are stopped; the next start recreates the networks.
      await removePlatformNetwork(platformId);
    },
  };
}

/** Needs the mount namespace that Incus' first start makes. Instances run without it, too. */
const keepLxcfs = (settings: Settings, platformId: string, say: (line: string) => void): Promise<Kept> =>
  keepRunning({
    name: 'lxcfs',
    say,
    firstMayFail: true,
    start: async () => {
      const { pid, ended, failed } = await startLxcfs({ dataDir: settings.dataDir, platformId });
      if (failed.length > 0)
        say(`lxcfs: ${failed.length} running instances cannot read their memory and load until they are rebooted`);
      return { pid, ended: ended.then(() => 'ended'), stop: async () => undefined };
    },
  });
