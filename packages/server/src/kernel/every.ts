import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface Repeated {
  stop(): Promise<void>;
}

/** Runs a task at once and then each `ms` after it ended, until stopped. A failure is logged and the next turn comes all the same. */
export function every(
  ms: number,
  name: string,
  task: () => Promise<void>,
  deps: { readonly clock: Clock; readonly log: Log },
): Repeated {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await task().catch((error: unknown) =>
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
