import type { Clock } from './clock.ts';

/** Bytes that each name may pass a second, and at once after a rest. */
export interface PaceOf {
  readonly perSecond: number;
  readonly burst: number;
}

/** Names that are remembered; who is forgotten has rested. More than are active at a time. */
const MOST_NAMES = 1_000;

/** Counts bytes of a name and says in how many milliseconds they are paid for; 0 or less: they may pass at once. */
export type Paces = (name: string, bytes: number) => number;

export function createPaces(clock: Pick<Clock, 'monotonic'>, { perSecond, burst }: PaceOf): Paces {
  /** Milliseconds on the clock when all that was counted is paid for. */
  const paidAt = new Map<string, number>();
  return (name, bytes) => {
    const now = clock.monotonic();
    const rested = now - (1000 * burst) / perSecond;
    if (paidAt.size >= MOST_NAMES && !paidAt.has(name))
      for (const [other, at] of paidAt) if (at <= rested) paidAt.delete(other);
    const at = Math.max(paidAt.get(name) ?? rested, rested) + (1000 * bytes) / perSecond;
    paidAt.set(name, at);
    return at - now;
  };
}
