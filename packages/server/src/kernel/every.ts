import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface Repeated {
  stop(): Promise<void>;
}

/**
 * Runs a task at once and then each `ms` after it ended, until stopped; its signal aborts then, and the stop waits for its end.
 * A failure is logged and does not keep the next turn from coming.
 */
export function every(
  ms: number,
  name: string,
  task: (signal: AbortSignal) => Promise<void>,
  deps: { readonly clock: Clock; readonly log: Log },
): Repeated {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await task(stopping.signal).catch((error: unknown) =>
        deps.log.warn({ err: error, task: name }, 'a repeated task failed; it runs again'),
      );
      await deps.clock.sleep(ms, stopping.signal).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort(new Error('stopping'));
      await loop;
    },
  };
}
