import type { Clock } from '../kernel/clock.ts';

export interface ManualClock extends Clock {
  /** Moves both times on; who sleeps until then wakes, in order. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as a person or NTP does: who sleeps does not notice. */
  jump(ms: number): void;
  sleepers(): number;
}

/** A clock that a test moves. */
export function createManualClock(start = 1_700_000_000_000): ManualClock {
  let elapsed = 0;
  let set = 0;
  const waiting = new Set<{ at: number; wake: () => void }>();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => start + elapsed + set,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          waiting.delete(one);
          reject(signal?.reason);
        };
        const one = {
          at: elapsed + ms,
          wake: () => {
            waiting.delete(one);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        waiting.add(one);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    async advance(ms) {
      const until = elapsed + ms;
      for (;;) {
        await turn();
        const [next] = [...waiting].sort((a, b) => a.at - b.at);
        if (!next || next.at > until) break;
        elapsed = Math.max(elapsed, next.at);
        next.wake();
      }
      elapsed = until;
      await turn();
    },
    jump: (ms) => void (set += ms),
    sleepers: () => waiting.size,
  };
}
