import type { Clock } from '../../kernel/clock.ts';
import type { Notifier } from '../../kernel/notifier.ts';

/** The channel on which reconcilers announce that a status changed; the payload is the resource's id. */
export const STATUS_CHANNEL = 'cloud_status';

/** Longest `?wait=`, in seconds (contract, rule 8). */
export const MAX_WAIT_SECONDS = 60;
/** A lost notification costs this much. */
const POLL_MS = 1_000;

export interface Waiter {
  /** Calls `isSettled` at once, after each announced change of the resource and each second, until it is true or time is up. */
  until(resourceId: string, seconds: number, isSettled: () => Promise<boolean>, signal: AbortSignal): Promise<void>;
}

export function createWaiter(notifier: Notifier, clock: Clock): Waiter {
  return {
    async until(resourceId, seconds, isSettled, signal) {
      const deadline = clock.monotonic() + seconds * 1000;
      let changed: () => void = () => undefined;
      let pending = false;
      const unsubscribe = notifier.subscribe(STATUS_CHANNEL, (payload) => {
        if (payload !== resourceId && payload !== '') return;
        pending = true;
        changed();
      });
      try {
        while (!signal.aborted) {
          pending = false;
          if (await isSettled()) return;
          const left = deadline - clock.monotonic();
          if (left <= 0) return;
          if (pending) continue;
          const nap = new AbortController();
          const woken = new Promise<void>((resolve) => {
            changed = resolve;
          });
          await Promise.race([
            woken,
            clock.sleep(Math.min(POLL_MS, left), AbortSignal.any([nap.signal, signal])).catch(() => undefined),
          ]);
          nap.abort(new Error('awake'));
        }
      } finally {
        unsubscribe();
      }
    },
  };
}
