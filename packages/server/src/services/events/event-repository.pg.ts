import type { Sql } from '../../kernel/sql/tx.ts';
import { COLUMNS, type EventRow } from './event.ts';
import { conditionsOf, type EventFilter } from './filter.ts';
import type { Position } from './position.ts';
import { parseSnapshot, type Snapshot, snapshotText } from './snapshot.ts';

/** What was committed behind a position. */
export interface EventPage {
  /** In the order of `seq`. */
  readonly rows: readonly EventRow[];
  /** What the read saw, or what it was to stay within. */
  readonly seen: Snapshot;
  readonly high: bigint;
  /** More is left of what `seen` saw. */
  readonly more: boolean;
}

/** Which rows of a tenant a read is for: all of them, or those that a filter lets through. */
export interface Wanted {
  readonly filter: EventFilter;
  readonly types: readonly string[];
}

/**
 * Transactions that had an id but had not ended when a snapshot was taken, and that it does not name because none behind them had ended: no
 * more than there are connections, and what they give to savepoints. 10,000 is many times that.
 */
const UNNAMED = 10_000n;

/** A transaction may be open this long between the time in its event and the commit: twice the timeout of a statement, and some more. */
const LATE_MS = 60_000;

export const createPgEventRepository = (sql: Sql) => ({
  /** Where the tenant's events stand now. */
  async now(tenantId: string): Promise<{ readonly seen: Snapshot; readonly high: bigint }> {
    const [row] = await sql.query<{ seen: string; high: string | null }>(
      'events.now',
      `select pg_current_snapshot()::text as seen, (select seq from events where tenant_id = $1 order by seq desc limit 1)::text as high`,
      [tenantId],
    );
    return { seen: parseSnapshot(row!.seen), high: BigInt(row!.high ?? 0) };
  },

  /**
   * Whether events that a position of that time has not read may have been removed because the tenant had more than `most`. It has still as many
   * then: those that are left are younger, and none of them is over by age before the position is.
   */
  async mayHaveLost(tenantId: string, at: number, most: number): Promise<boolean> {
    const [oldest] = await sql.query<{ created_at: Date }>(
      'events.oldest',
      'select created_at from events where tenant_id = $1 order by seq limit 1',
      [tenantId],
    );
    if (!oldest || oldest.created_at.getTime() <= at - LATE_MS) return false;
    const [row] = await sql.query<{ count: number }>(
      'events.count',
      'select count(*)::int as count from (select 1 from events where tenant_id = $1 limit $2) as counted',
      [tenantId, most],
    );
    return row!.count >= most;
  },

  /**
   * At most `limit` events behind the position. Three indexed reads: of the transactions that the position's snapshot names as open; of those
   * that it could not name; and of everything that was written since.
   */
  async since(tenantId: string, { seen, high, within }: Position, limit: number, wanted?: Wanted): Promise<EventPage> {
    const values: unknown[] = [
      tenantId,
      within ? snapshotText(within.seen) : null,
      snapshotText(seen),
      String(high),
      String(within?.seq ?? 0n),
      limit + 1,
      seen.xip.map(String),
      String(seen.xmax),
      String(seen.xmax + UNNAMED),
    ];
    const put = (value: unknown) => `$${values.push(value)}`;
    const also = wanted
      ? conditionsOf(wanted.filter, wanted.types, put)
          .map((one) => ` and ${one}`)
          .join('')
      : '';
    const part = (condition: string) =>
      `(select * from events where tenant_id = $1 and ${condition}
        and not pg_visible_in_snapshot(xid, $3::pg_snapshot) and pg_visible_in_snapshot(xid, at.seen)${also} order by seq limit $6)`;
    const rows = await sql.query<EventRow & { at_seen: string; high: string | null }>(
      wanted ? 'events.since_wanted' : 'events.since',
      `with at as materialized (select coalesce($2::pg_snapshot, pg_current_snapshot()) as seen)
       select at.seen::text as at_seen, (select seq from events where tenant_id = $1 order by seq desc limit 1)::text as high, found.*
       from at left join lateral (
         select ${COLUMNS} from (
           ${part('xid = any ($7::xid8[]) and seq <= $4 and seq > $5')} union all
           ${part('xid >= $8::xid8 and xid < $9::xid8 and seq <= $4 and seq > $5')} union all
           ${part('seq > greatest($4::bigint, $5::bigint)')}) as each
         order by each.seq limit $6) as found on true`,
      values,
    );
    const first = rows[0]!;
    const found = rows.filter((row) => row.id !== null);
    return {
      rows: found.slice(0, limit),
      seen: parseSnapshot(first.at_seen),
      high: within?.high ?? BigInt(first.high ?? 0),
      more: found.length > limit,
    };
  },

  /**
   * Events below `before` in the order of `seq` downwards, of the next `scan` that the best index leads to; and how far that went. Bounds are
   * plain values: under row-level security PostgreSQL takes no coalesce() or subquery into an index condition.
   */
  async page(
    tenantId: string,
    { filter, types }: Wanted,
    before: bigint | undefined,
    limit: number,
    scan: number,
  ): Promise<{ readonly rows: readonly EventRow[]; readonly scanned: bigint | undefined }> {
    const { resource_id: id, from, to } = filter;
    const below = to === undefined ? undefined : await seqAt(sql, tenantId, to, 'after');
    const above = from === undefined ? undefined : await seqAt(sql, tenantId, from, 'before');
    const upper = [before, below].reduce<bigint>(
      (least, one) => (one !== undefined && one < least ? one : least),
      LAST,
    );
    const values: unknown[] = [tenantId, String(upper), String(above ?? 0n), scan, limit];
    const put = (value: unknown) => `$${values.push(value)}`;
    // All of an index's columns, so that no other index has the order too.
    const [equal, order] =
      id === undefined
        ? ['', 'tenant_id desc, seq desc']
        : [` and resource_id = ${put(id)}`, 'tenant_id desc, resource_id desc, seq desc'];
    const rows = await sql.query<EventRow & { scanned: string | null; count: string }>(
      id === undefined ? 'events.page' : 'events.page_of_resource',
      `with looked as materialized (
         select * from events where tenant_id = $1 and seq < $2::bigint and seq > $3::bigint${equal} order by ${order} limit $4)
       select scan.*, found.* from (select min(seq)::text as scanned, count(*)::text as count from looked) as scan
       left join lateral (select ${COLUMNS} from looked where ${conditionsOf(filter, types, put).join(' and ')} order by looked.seq desc limit $5) as found on true`,
      values,
    );
    const first = rows[0]!;
    return {
      rows: rows.filter((row) => row.id !== null),
      scanned: Number(first.count) < scan ? undefined : BigInt(first.scanned!),
    };
  },
});

/** Above every `seq`. */
const LAST = 2n ** 63n - 1n;

/** A `seq` that the order of writing certainly reaches before or after a time. Undefined: no event is that old or that new. */
async function seqAt(sql: Sql, tenantId: string, time: string, side: 'before' | 'after'): Promise<bigint | undefined> {
  const [row] =
    side === 'after'
      ? await sql.query<{ seq: string }>(
          'events.first_after',
          `select seq::text as seq from events where tenant_id = $1 and created_at > $2 order by tenant_id, created_at limit 1`,
          [tenantId, new Date(Date.parse(time) + LATE_MS)],
        )
      : await sql.query<{ seq: string }>(
          'events.last_before',
          `select seq::text as seq from events where tenant_id = $1 and created_at < $2 order by tenant_id desc, created_at desc limit 1`,
          [tenantId, new Date(Date.parse(time) - LATE_MS)],
        );
  return row ? BigInt(row.seq) : undefined;
}
