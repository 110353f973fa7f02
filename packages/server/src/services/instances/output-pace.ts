import type { Clock } from '../../kernel/clock.ts';
import { createPaces } from '../../kernel/pace.ts';

/**
 * Bytes a second that pass between a tenant's instances and its callers: logs that are followed, commands and terminals, in both
 * directions, all at once. Incus, worker and API carry them outside of the instances' limits, at a processor's cost of 2 ms a MiB. Who is
 * faster waits: what writes to a pipe that nobody reads stops writing.
 */
const RATE = 16 * 1024 ** 2;
/** Bytes that pass at once after a rest. */
const BURST = 16 * 1024 ** 2;

/** Undefined: these bytes may pass at once. Otherwise resolves when the next ones may. Never rejects; the signal ends the wait. */
export type Pace = (bytes: number, signal?: AbortSignal) => Promise<void> | undefined;

/** Each tenant's pace. */
export function createOutputPaces(clock: Pick<Clock, 'monotonic' | 'sleep'>): (tenantId: string) => Pace {
  const paces = createPaces(clock, { perSecond: RATE, burst: BURST });
  return (tenantId) => (bytes, signal) => {
    const ms = paces(tenantId, bytes);
    return ms <= 0 ? undefined : clock.sleep(ms, signal).catch(() => undefined);
  };
}

/** Yields what comes, each piece when the one before is paid for. */
export async function* paced<T>(
  pieces: AsyncIterable<T>,
  sizeOf: (piece: T) => number,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  for await (const piece of pieces) {
    yield piece;
    await pace(sizeOf(piece), signal);
  }
}
