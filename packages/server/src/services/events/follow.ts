import type { Clock } from '../../kernel/clock.ts';
import type { ServerEvent, Writing } from '../../kernel/written-answer.ts';
import { type Event, type EventRow, presentEvent } from './event.ts';
import { createPgEventRepository } from './event-repository.pg.ts';
import type { EventFeed } from './feed.ts';
import { type EventFilter, matches, type Readers, visibleTypes } from './filter.ts';
import { type Position, positionText, reached } from './position.ts';
import { sees, seesAllOf } from './snapshot.ts';

/** Rows that a stream reads at a time while it is behind. */
const PAGE = 500;
/** Milliseconds after which a client is told its position, unless an event has told it. */
const TELL_MS = 10_000;

/**
 * The events of a tenant behind a position, as they commit: each once, none left out. It reads for itself until it has caught up, then takes
 * what the feed reads for all. Between two waits it asks again what the caller may see.
 */
export async function* followEvents(
  { signal, caller, read }: Writing,
  { feed, clock, readers }: { readonly feed: EventFeed; readonly clock: Clock; readonly readers: Readers },
  tenantId: string,
  filter: EventFilter,
  from: Position,
): AsyncGenerator<ServerEvent<Event>, void, undefined> {
  let position = from;
  let toldAt = clock.monotonic();
  const tell = (data?: EventRow): ServerEvent<Event> => {
    toldAt = clock.monotonic();
    return { id: positionText(position), ...(data ? { data: presentEvent(data) } : {}) };
  };
  const isLate = () => clock.monotonic() - toldAt > TELL_MS;
  yield tell();
  for (;;) {
    signal.throwIfAborted();
    // Joined before it reads: what its last read did not see is in a batch.
    const subscription = await feed.join(tenantId, caller);
    try {
      for (let more = true; more; ) {
        const types = visibleTypes(readers, caller());
        const isWithin = position.within !== undefined;
        const page = await read((sql) =>
          createPgEventRepository(sql).since(tenantId, position, PAGE, { filter, types }),
        );
        const { seen, high } = page;
        for (const row of page.rows) {
          position = { ...position, within: { seen, high, seq: BigInt(row.seq) } };
          yield tell(row);
        }
        if (!page.more) position = reached(seen, high, clock.now());
        // What an earlier connection's snapshot saw is read; what came since is not.
        more = page.more || isWithin;
      }
      for (;;) {
        const batch = await subscription.next(signal);
        if (batch === 'behind') break;
        const types = visibleTypes(readers, caller());
        const { seen: before } = position;
        for (const row of batch.rows) {
          if (sees(before, BigInt(row.xid)) || !matches(filter, types, row)) continue;
          position = { ...position, within: { seen: batch.seen, high: batch.high, seq: BigInt(row.seq) } };
          yield tell(row);
        }
        // A batch may be older than the position, right after a stream has joined.
        if (seesAllOf(batch.seen, before)) position = reached(batch.seen, batch.high, clock.now());
        if (isLate()) yield tell();
      }
    } finally {
      subscription.leave();
    }
  }
}
