import type { Clock } from '../../kernel/clock.ts';
import { tooManyInFlight } from './errors.ts';
import type { MessageRepository } from './message-repository.pg.ts';
import type { QueueRow } from './queue.ts';

/** Messages of one queue that may be in flight: SQS's limit, of FIFO queues too. */
export const MAX_IN_FLIGHT = 120_000;
/** After so many messages it is counted how many are in flight: a process may exceed the limit by as many. */
const COUNT_AFTER = 10_000;
/** A count that refuses calls is no older, in milliseconds. */
const REFUSES_MS = 1_000;
/** Queues that are watched in a process. */
const MAX_QUEUES = 5_000;

export interface InFlight {
  /** Throws TOO_MANY_IN_FLIGHT. */
  check(queue: QueueRow): Promise<void>;
  /** Counts what a call has taken. */
  took(queue: QueueRow, messages: number): void;
}

/** Keeps the messages in flight below the limit without a count in each call. */
export function createInFlight(
  messages: Pick<MessageRepository, 'countInFlight'>,
  clock: Clock,
  max = MAX_IN_FLIGHT,
): InFlight {
  const watched = new Map<
    string,
    { counted: number; at: number; since: number; counting: Promise<void> | undefined }
  >();
  async function count(queue: QueueRow, known: { counted: number; at: number; since: number }): Promise<void> {
    known.since = 0;
    known.counted = await messages.countInFlight(queue, max);
    known.at = clock.monotonic();
  }
  return {
    async check(queue) {
      const known = watched.get(queue.id);
      if (!known || (known.since < Math.min(COUNT_AFTER, max) && known.counted + known.since < max)) return;
      if (known.since > 0 || clock.monotonic() - known.at > REFUSES_MS) {
        // Who comes while it is counted waits for the same count.
        known.counting ??= count(queue, known).finally(() => (known.counting = undefined));
        await known.counting;
      }
      if (known.counted >= max) throw tooManyInFlight(max);
    },
    took(queue, count) {
      let known = watched.get(queue.id);
      if (!known) {
        known = { counted: 0, at: 0, since: 0, counting: undefined };
        watched.set(queue.id, known);
        if (watched.size > MAX_QUEUES) watched.delete(watched.keys().next().value!);
      }
      known.since += count;
    },
  };
}
