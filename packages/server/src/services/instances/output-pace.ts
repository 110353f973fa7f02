import type { Clock } from '../../kernel/clock.ts';

/**
 * Bytes a second that pass between a tenant's instances and its callers: logs that are followed, commands and terminals, in both
 * directions, all at once. Incus, worker and API carry them outside of the instances' limits, at a processor's cost of 2 ms a MiB. Who is
 * faster waits: what writes to a pipe that nobody reads stops writing.
 */
const RATE = 16 * 1024 ** 2;
/** Bytes that pass at once after a rest. */
const BURST = 16 * 1024 ** 2;
/** More tenants than have calls open at a time. Who is forgotten has rested. */
const MOST_TENANTS = 1_000;

/** Undefined: these bytes may pass at once. Otherwise resolves when the next ones may. Never rejects; the signal ends the wait. */
export type Pace = (bytes: number, signal?: AbortSignal) => Promise<void> | undefined;

/** Each tenant's pace. */
export function createPaces(clock: Pick<Clock, 'monotonic' | 'sleep'>): (tenantId: string) => Pace {
  /** Milliseconds on the clock when all that has passed is paid for. */
  const paidAt = new Map<string, number>();
  return (tenantId) => (bytes, signal) => {
    const now = clock.monotonic();
    const rested = now - (1000 * BURST) / RATE;
    if (paidAt.size >= MOST_TENANTS && !paidAt.has(tenantId))
      for (const [other, at] of paidAt) if (at <= rested) paidAt.delete(other);
    const at = Math.max(paidAt.get(tenantId) ?? 0, rested) + (1000 * bytes) / RATE;
    paidAt.set(tenantId, at);
    return at <= now ? undefined : clock.sleep(at - now, signal).catch(() => undefined);
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
