import { EVENT_CHANNEL } from '../../kernel/audit.ts';
import { abortable } from '../../kernel/abortable.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { unavailable } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Notifier } from '../../kernel/notifier.ts';
import { latestOf, scopeOf } from '../../kernel/scope.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { EventRow } from './event.ts';
import { createPgEventRepository, type EventPage } from './event-repository.pg.ts';
import { type Position, reached } from './position.ts';

/** New events of a tenant, as one read found them. */
export type Batch = Pick<EventPage, 'rows' | 'seen' | 'high'>;

export interface Subscription {
  /** The next batch. `behind`: batches were dropped, because nobody took them; read on from your own position and join again. */
  next(signal: AbortSignal): Promise<Batch | 'behind'>;
  leave(): void;
}

export interface EventFeed {
  /**
   * Everything that a snapshot taken after this resolves does not see will be in a batch. It is read as one of those who follow the tenant;
   * `caller` is who that is, as of the last check of the key. Throws UNAVAILABLE without a database.
   */
  join(tenantId: string, caller: () => Caller): Promise<Subscription>;
  stop(): Promise<void>;
}

/** A lost notification costs this much… */
const POLL_MS = 1_000;
/** … and with many tenants more, so that all together poll no more than a hundred times a second. */
const POLL_MS_EACH = 10;
/** Reads at a time: of the pool's connections that are left for what no call waits for. */
const READERS = 2;
/** Rows of one read. */
const PAGE = 500;
/** Most events that are kept for one stream, or read for all streams of a tenant, before they have to read for themselves: some 2 MB. */
const MOST_ROWS = 2_000;
/** Milliseconds until a failed read is tried again. */
const AGAIN_MS = 500;

/** Milliseconds after which streams get a batch without events. */
const EMPTY_MS = 60_000;

interface Member {
  readonly caller: () => Caller;
  batches: Batch[];
  rows: number;
  isBehind: boolean;
  wake: () => void;
}

/** The tenants that somebody follows. */
interface Followed {
  readonly tenantId: string;
  readonly members: Set<Member>;
  position: Position | undefined;
  /** The first read, which everybody waits for who joins. */
  started: Promise<void> | undefined;
  handedAt: number;
  isDirty: boolean;
  isReading: boolean;
}

/**
 * Reads new events once for all streams of a tenant in this process: when the database announces some, and every second. One listening
 * connection, at most two reading ones, and a bounded queue for each stream.
 */
export function createEventFeed(deps: {
  readonly database: Database;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'counter' | 'gauge' | 'histogram'>;
}): EventFeed {
  const { database, clock, log, metrics } = deps;
  const followed = new Map<string, Followed>();
  const waiting: (() => void)[] = [];
  const stopping = new AbortController();
  let reading = 0;
  metrics.gauge('thecloud_event_tenants_followed', 'Tenants whose events somebody follows', () => followed.size);
  const countReads = metrics.counter(
    'thecloud_event_reads_total',
    'Reads of new events, one for all streams of a tenant',
  );
  const countBehind = metrics.counter(
    'thecloud_event_streams_behind_total',
    'Times that a stream was too slow for the feed and read for itself',
  );
  const observeLag = metrics.histogram(
    'thecloud_event_lag_seconds',
    'From the beginning of the transaction that wrote an event to its delivery to the streams of this process',
  );

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (reading >= READERS) await new Promise<void>((resolve) => waiting.push(resolve));
    else reading++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else reading--;
    }
  };
  const read = <T>(
    { members }: Followed,
    fn: (events: ReturnType<typeof createPgEventRepository>) => Promise<T>,
  ): Promise<T> =>
    inTurn(() =>
      database.transaction(
        scopeOf(latestOf([...members].map((member) => member.caller()))),
        (sql) => fn(createPgEventRepository(sql)),
        {
          readOnly: true,
          signal: stopping.signal,
        },
      ),
    );

  /** Everything new, or `undefined` if it is more than is kept. */
  async function readNew(one: Followed): Promise<Batch | undefined> {
    let position = one.position!;
    const rows: EventRow[] = [];
    for (;;) {
      const page = await read(one, (events) => events.since(one.tenantId, position, PAGE));
      countReads();
      rows.push(...page.rows);
      const { seen, high } = page;
      if (!page.more || rows.length >= MOST_ROWS) one.position = reached(seen, high, clock.now());
      if (!page.more) return { rows, seen, high };
      if (rows.length >= MOST_ROWS) return undefined;
      position = { ...position, within: { seen, high, seq: BigInt(page.rows.at(-1)!.seq) } };
    }
  }

  function hand(member: Member, batch: Batch | undefined): void {
    if (batch && member.rows + batch.rows.length <= MOST_ROWS) {
      member.batches.push(batch);
      member.rows += batch.rows.length;
    } else if (!member.isBehind) {
      countBehind();
      member.isBehind = true;
      member.batches = [];
      member.rows = 0;
    }
    member.wake();
  }

  async function catchUp(one: Followed): Promise<void> {
    // It is still starting, and begins with what is there then.
    if (!one.position) return;
    one.isDirty = true;
    if (one.isReading) return;
    one.isReading = true;
    try {
      while (one.isDirty && followed.has(one.tenantId) && !stopping.signal.aborted) {
        one.isDirty = false;
        try {
          const batch = await readNew(one);
          const now = clock.now();
          // Now and then an empty one, so that positions do not grow old.
          if (batch?.rows.length === 0 && now - one.handedAt < EMPTY_MS) continue;
          one.handedAt = now;
          for (const row of batch?.rows ?? []) observeLag(Math.max(0, now - row.created_at.getTime()));
          for (const member of one.members) hand(member, batch);
        } catch (error) {
          if (stopping.signal.aborted) return;
          log.warn({ err: error }, 'could not read new events; trying again');
          one.isDirty = true;
          await clock.sleep(AGAIN_MS, stopping.signal).catch(() => undefined);
        }
      }
    } finally {
      one.isReading = false;
    }
  }

  const unsubscribe = deps.notifier.subscribe(EVENT_CHANNEL, (payload) => {
    // After a lost connection anything may have happened.
    if (payload === '') for (const one of followed.values()) void catchUp(one);
    else {
      const one = followed.get(payload.slice(0, payload.indexOf(' ')));
      if (one) void catchUp(one);
    }
  });
  const polling = (async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(Math.max(POLL_MS, followed.size * POLL_MS_EACH), stopping.signal).catch(() => undefined);
      for (const one of followed.values()) void catchUp(one);
    }
  })();

  async function start(one: Followed): Promise<void> {
    try {
      const { seen, high } = await read(one, (events) => events.now(one.tenantId));
      one.position = reached(seen, high, clock.now());
    } catch (error) {
      followed.delete(one.tenantId);
      log.warn({ err: error }, 'could not begin to read new events');
      throw unavailable('the database is not available; try again');
    }
  }

  return {
    async join(tenantId, caller) {
      let one = followed.get(tenantId);
      if (!one) {
        one = {
          tenantId,
          members: new Set(),
          position: undefined,
          started: undefined,
          handedAt: clock.now(),
          isDirty: false,
          isReading: false,
        };
        followed.set(tenantId, one);
      }
      const mine = one;
      const member: Member = { caller, batches: [], rows: 0, isBehind: false, wake: () => undefined };
      mine.members.add(member);
      const leave = () => {
        mine.members.delete(member);
        if (mine.members.size === 0 && followed.get(tenantId) === mine) followed.delete(tenantId);
      };
      try {
        await (mine.started ??= start(mine));
      } catch (error) {
        leave();
        throw error;
      }
      return {
        leave,
        async next(signal) {
          while (member.batches.length === 0 && !member.isBehind) {
            const woken = Promise.withResolvers<void>();
            member.wake = woken.resolve;
            await abortable(signal, woken.promise);
          }
          if (member.isBehind) return 'behind';
          const batch = member.batches.shift()!;
          member.rows -= batch.rows.length;
          return batch;
        },
      };
    },
    async stop() {
      stopping.abort(new Error('stopping'));
      unsubscribe();
      await polling;
    },
  };
}
