import type { Clock } from '../../kernel/clock.ts';
import type { Counts, MessageRepository } from './message-repository.pg.ts';
import type { QueueRow } from './queue.ts';

/** How old a count may be at least, in milliseconds, and as a multiple of what counting took: 5 % of the time go into it at most. */
const KEPT_MS = 1_000;
const KEPT_TIMES = 20;
/** Queues whose counts are remembered. */
const MAX_KEPT = 5_000;

export interface Statistics {
  /** The queue's numbers, as of a second ago, or longer if there is very much to count. */
  count(queue: Pick<QueueRow, 'id' | 'tenant_id'>): Promise<Counts>;
}

/** Remembers counts, so that those who ask often read a large queue rarely. */
export function createStatistics(messages: Pick<MessageRepository, 'count'>, clock: Clock): Statistics {
  const kept = new Map<string, { until: number; readonly counts: Promise<Counts> }>();
  return {
    count(queue) {
      const started = clock.monotonic();
      const known = kept.get(queue.id);
      if (known && started < known.until) return known.counts;
      const entry = { until: Infinity, counts: messages.count(queue) };
      kept.delete(queue.id);
      kept.set(queue.id, entry);
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
      entry.counts.then(
        () => {
          const ended = clock.monotonic();
          entry.until = ended + Math.max(KEPT_MS, (ended - started) * KEPT_TIMES);
        },
        () => {
          if (kept.get(queue.id) === entry) kept.delete(queue.id);
        },
      );
      return entry.counts;
    },
  };
}
