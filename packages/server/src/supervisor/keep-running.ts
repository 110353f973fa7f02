import { setTimeout as pause } from 'node:timers/promises';
import { createBackOff } from './back-off.ts';

/** One life of a process: it is ready now, and at some time it ends. */
export interface Life {
  readonly pid: number | undefined;
  /** Resolves, in words, when the process is gone. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it in its own way, within its own deadline; sooner when `hurry` aborts. */
  stop(hurry: AbortSignal): Promise<void>;
}

/** A process that is started again, with growing pauses, whenever it dies, until it is told to stop. */
export interface Kept {
  readonly name: string;
  readonly life: () => Life | undefined;
  stop(hurry: AbortSignal): Promise<void>;
}

export interface KeepOptions {
  readonly name: string;
  /** Starts it and resolves when it is ready. The signal aborts when it must stop: a start that waits for something gives up. */
  readonly start: (stopping: AbortSignal) => Promise<Life>;
  readonly say: (line: string) => void;
  /** After each start, when the life is ready. */
  readonly onStart?: () => void;
  readonly firstMayFail?: boolean;
}

/**
 * Starts it. Rejects when the first start fails, unless `firstMayFail`. Later starts are tried again for ever, every 10 s at most:
 * a cloud without its process is down, and the reason may pass.
 */
export async function keepRunning(options: KeepOptions): Promise<Kept> {
  const stopping = new AbortController();
  const backOff = createBackOff();
  let life: Life | undefined;

  async function begin(): Promise<void> {
    life = await options.start(stopping.signal);
    options.onStart?.();
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      const begun = performance.now();
      const how = life ? await life.ended : undefined;
      life = undefined;
      if (stopping.signal.aborted) return;
      const waitMs = backOff.next(performance.now() - begun);
      if (how !== undefined) options.say(`${options.name} ${how}; restarting it`);
      await pause(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await begin();
        options.say(`${options.name} is running again`);
      } catch (error) {
        if (!stopping.signal.aborted) sayFailure(error);
      }
    }
  }

  function sayFailure(error: unknown): void {
    options.say(`${options.name} does not start, retrying: ${error instanceof Error ? error.message : String(error)}`);
  }

  try {
    await begin();
  } catch (error) {
    if (options.firstMayFail !== true) throw error;
    sayFailure(error);
  }
  const watching = watch();

  return {
    name: options.name,
    life: () => life,
    async stop(hurry) {
      stopping.abort();
      await life?.stop(hurry);
      // A start under way gives up or ends first, so that nothing is born after the stop.
      await watching;
      await life?.stop(hurry);
    },
  };
}
