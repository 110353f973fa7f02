import { gone } from './errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import { unavailable } from '../../kernel/errors.ts';
import { cursorBehind, pageRequest } from '../../kernel/page.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { sweep } from '../../kernel/sweep.ts';
import { type Handlers, type Service, service } from '../../kernel/service.ts';
import { type EventRow, presentEvent } from './event.ts';
import { createPgEventRepository } from './event-repository.pg.ts';
import { eventExamples } from './examples.ts';
import type { EventFeed } from './feed.ts';
import { type Readers, visibleTypes } from './filter.ts';
import { followEvents } from './follow.ts';
import { eventOperations } from './operations.ts';
import { reached, readPosition } from './position.ts';
import { pruneEvents } from './prune.ts';

export { createEventFeed, type EventFeed } from './feed.ts';

/** Events that one statement looks at, and statements of one call: a filter for something rare gets a short page and a cursor. */
const SCAN = 1_000;
const MOST_SCANS = 5;
/** Milliseconds that events are kept (kernel/retention.ts), less an hour: what is about to go may go while it is read. */
const KEPT_MS = (30 * 24 - 1) * 60 * 60_000;

/** How often each tenant's number of events is looked at. */
const PRUNE_MS = 600_000;

interface EventDeps {
  /** Reads new events; only where the API runs. */
  readonly feed?: EventFeed | undefined;
  readonly clock: Clock;
  readonly services: () => readonly Service[];
  /** Events that are kept of one tenant, the newest. */
  readonly eventsPerTenant: number;
  readonly worker?: { readonly database: Database };
}

/** The permission to read a resource, by the noun that its events have as type. */
function readersOf(services: readonly Service[]): Readers {
  const readers = new Map<string, string>();
  for (const { resource, operations } of services) {
    const reading = ['get', 'list']
      .map((verb) => operations[verb])
      .find((one) => one && (one.scope ?? 'tenant') === 'tenant');
    readers.set(resource, reading?.permission ?? `${resource}:read`);
  }
  return readers;
}

/** What happened to a tenant's resources. */
export function createEventsService({ feed, clock, services, eventsPerTenant, worker }: EventDeps) {
  let known: Readers | undefined;
  const readers = () => (known ??= readersOf(services()));

  const handlers: Handlers<typeof eventOperations> = {
    async list({ sql, tenantId, caller, input }) {
      const { limit: _, cursor: __, ...filter } = input;
      const page = pageRequest(input, (text) => /^\d{1,19}$/.test(text));
      const wanted = { filter, types: visibleTypes(readers(), caller) };
      const rows: EventRow[] = [];
      let before = page.after === null ? undefined : BigInt(page.after);
      for (let scans = 0; scans < MOST_SCANS && rows.length <= page.limit; scans++) {
        const found = await createPgEventRepository(sql).page(
          tenantId,
          wanted,
          before,
          page.limit + 1 - rows.length,
          SCAN,
        );
        rows.push(...found.rows);
        before = found.scanned;
        if (before === undefined) break;
      }
      const items = rows.slice(0, page.limit).map(presentEvent);
      const isFull = rows.length > page.limit;
      const next = isFull ? items.at(-1)?.sequence : before;
      return next === undefined ? { items } : { items, nextCursor: cursorBehind(String(next)) };
    },

    async stream({ sql, tenantId, input, now }) {
      if (!feed) throw unavailable('events are followed in the API process');
      const { after, ...filter } = input;
      const events = createPgEventRepository(sql);
      const current = await events.now(tenantId);
      const here = reached(current.seen, current.high, now.getTime());
      const position = after === undefined ? here : readPosition(after);
      if (now.getTime() - position.at > KEPT_MS)
        throw gone('events behind it have been deleted: they are kept for 30 days');
      // Of another database: a restored one begins again with small numbers.
      if (position.seen.xmax > current.seen.xmax || position.at > now.getTime() + 60_000)
        throw gone('it is not of this database');
      if (after !== undefined && (await events.mayHaveLost(tenantId, position.at, eventsPerTenant)))
        throw gone(`events behind it have been deleted: the newest ${eventsPerTenant} of a tenant are kept`);
      return {
        open: (writing) => followEvents(writing, { feed, clock, readers: readers() }, tenantId, filter, position),
      };
    },
  };

  return service({
    name: 'events',
    resource: 'event',
    title: 'Events',
    operations: eventOperations,
    console: {
      group: 'activity',
      icon: 'activity',
      summary: 'An event says what happened to a resource, when, and who or what did it.',
      title: 'action',
      columns: ['created_at', 'action', 'resource_type', 'resource_id', 'actor', 'changes'],
      references: { user_id: 'member' },
    },
    handlers,
    errors: { EVENTS_EXPIRED: 410 },
    ...(worker
      ? {
          worker: {
            reconcilers: [
              sweep(
                'events',
                PRUNE_MS,
                async (signal) => void (await pruneEvents(worker.database, eventsPerTenant, signal)),
              ),
            ],
          },
        }
      : {}),
    examples: eventExamples,
  });
}
