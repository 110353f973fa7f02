import type { EngineState, Settings } from '../config.ts';
import { findIncusd, startIncusDaemon } from '../engines/incus/incus-daemon.ts';
import { type Kept, keepRunning } from './keep-running.ts';

/** Whether this machine can run instances, and if not, what to do about it. Looks only; starts nothing. */
export async function lookForEngine(isRoot: boolean): Promise<EngineState> {
  if (process.platform !== 'linux') {
    return {
      available: false,
      reason: 'instances need Linux; start the platform on a Linux machine, or in a virtual one',
    };
  }
  if (!isRoot)
    return { available: false, reason: 'instances need root; stop the platform and start it with: sudo npm start' };
  if ((await findIncusd()) === undefined) {
    return {
      available: false,
      reason:
        'Incus is not installed; `npm start` on Debian 12 or Ubuntu 24.04 and later installs it, elsewhere install Incus 6.0 or later',
    };
  }
  return { available: true };
}

/**
 * Keeps the platform's Incus running. As root, in the supervisor, not in the worker: instances must outlive a worker that dies, and the
 * order of stopping is the supervisor's. A failing first start does not keep the rest of the platform down.
 */
export function keepEngine(settings: Settings, platformId: string, say: (line: string) => void): Promise<Kept> {
  return keepRunning({
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
      return {
        pid: daemon.pid,
        ended: daemon.ended.then(() => 'ended'),
        stop: (hurry) => daemon.stop({ graceMs: hurry.aborted ? 0 : 10_000 }),
      };
    },
  });
}
