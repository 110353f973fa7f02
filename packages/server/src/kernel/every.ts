import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface Repeated {
  stop(): Promise<void>;
}

/**
 * Runs a task at once and then each `ms` after it ended, until stopped; its signal aborts then, and the stop waits for its end.
 * A failure is logged and does not keep the next turn from coming. With a `share` (0 to 1) the pause after a long run is longer, so that runs
 * take at most this share of the time.
 */
export function every(
  ms: number,
  name: string,
  task: (signal: AbortSignal) => Promise<void>,
  deps: { readonly clock: Clock; readonly log: Log; readonly share?: number | undefined },
): Repeated {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const begun = deps.clock.monotonic();
      await task(stopping.signal).catch((error: unknown) =>
        deps.log.warn({ err: error, task: name }, 'a repeated task failed; it runs again'),
      );
      const took = deps.clock.monotonic() - begun;
      const pause = deps.share === undefined ? ms : Math.max(ms, took / deps.share - took);
      await deps.clock.sleep(pause, stopping.signal).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort(new Error('stopping'));
      await loop;
    },
  };
}
