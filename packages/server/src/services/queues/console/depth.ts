import { createReadings, type QueueStats } from '@thecloud/console';

/** Milliseconds between two readings. */
const INTERVAL_MS = 2_000;
/** Milliseconds that readings are kept. */
const KEPT_MS = 600_000;
/** Milliseconds between two readings from which on the time between them is a gap. A long queue is counted less often. */
const GAP_MS = 60_000;

const timeOf = ({ counted_at }: QueueStats): number => Date.parse(counted_at);

/** The readings with one more, without those that are too old. The same count twice is one. */
export function withCount(readings: readonly QueueStats[], next: QueueStats): readonly QueueStats[] {
  const last = readings.at(-1);
  if (last && timeOf(next) <= timeOf(last)) return readings;
  return [...readings.filter((one) => timeOf(next) - timeOf(one) <= KEPT_MS), next];
}

export interface Depth {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly visible: readonly (number | null)[];
  readonly inFlight: readonly (number | null)[];
  readonly delayed: readonly (number | null)[];
}

/** The readings as lines of a chart. Where the page did not look, the lines have a gap. */
export function depthOf(readings: readonly QueueStats[]): Depth {
  const points = readings.flatMap((one, index) => {
    const before = readings[index - 1];
    const point = { at: timeOf(one), one };
    return before && timeOf(one) - timeOf(before) > GAP_MS
      ? [{ at: timeOf(before) + INTERVAL_MS, one: undefined }, point]
      : [point];
  });
  return {
    times: points.map(({ at }) => at / 1000),
    visible: points.map(({ one }) => one?.visible ?? null),
    inFlight: points.map(({ one }) => one?.in_flight ?? null),
    delayed: points.map(({ one }) => one?.delayed ?? null),
  };
}

/** Reads a queue's numbers every two seconds while the page is in sight. */
export const useDepth = createReadings<QueueStats>({
  operation: 'queues.stats',
  intervalMs: INTERVAL_MS,
  add: withCount,
});
