import { QUEUES, RETENTION_SECONDS } from './queue.ts';
import type { Sql } from '../../kernel/sql/tx.ts';

/** A queue as the worker removes its messages. */
export interface Cleared {
  readonly id: string;
  readonly tenant_id: string;
  readonly fifo: boolean;
}

/** A queue in a page of all. */
export interface Listed extends Cleared {
  readonly is_over: boolean;
}

export interface Batch {
  /** Messages that were looked at. */
  readonly met: number;
  readonly removed: number;
  /** Where the next batch begins; a timestamp of PostgreSQL's, to the microsecond. */
  readonly next: string;
}

/** Messages that one statement looks at, and rows that it removes, at most. */
export const BATCH = 1_000;
/** Queues that one statement looks at. */
export const PAGE = 50;
/** Bytes of messages that one statement removes, not counting the last one. */
const MOST_BYTES = 16 << 20;
export const FIRST = '-infinity';

/** Messages by then are over: of a queue that is deleted all, else those that expired or were purged. */
const OVER = `case when q.deleted_at is not null then 'infinity'::timestamptz
  else greatest(now() - ${RETENTION_SECONDS} * interval '1 second', q.purged_before) end`;

/** Behind the id $1. */
const PAGE_OF_QUEUES = `(select id, tenant_id, fifo, now() - ${RETENTION_SECONDS} * interval '1 second' as over from queues
  where id > $1 and deleted_at is null order by id limit ${PAGE})`;

/** What belongs to a queue beside its messages, and goes before it, with the columns of its key. */
const PARTS = {
  queue_groups: 'queue_id, group_id, head',
  queue_deduplications: 'queue_id, deduplication_id, group_id',
  queue_attempts: 'queue_id, attempt_id',
} as const;
export type Part = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as readonly Part[];

/** How the worker removes messages, for which it needs no owner: over all tenants. Rows are looked up by their keys: see message-repository.pg.ts. */
export const createPgRemovalRepository = (sql: Sql) => ({
  /**
   * Removes some of a queue's messages that are over, from `from` on in the order in which they become visible; with `untouched` only those which
   * have been visible since they were over, which are the first. Those that somebody holds are passed over.
   */
  async remove(queueId: string, from: string, untouched: boolean): Promise<Batch> {
    const [row] = await sql.query<Batch>(
      'queues.remove_messages',
      `with met as materialized (
         select m.id, m.visible_after, m.size, m.created_at <= q.over as is_over
         from (select q.id, ${OVER} as over from queues q where q.id = $1) as q
         cross join lateral (
           select id, visible_after, size, created_at from queue_messages
           where queue_id = q.id and visible_after >= $2::timestamptz and visible_after <= case when $3::boolean then q.over else 'infinity' end
           order by visible_after limit ${BATCH}) as m),
       chosen as materialized (
         select id, visible_after from (
           select id, visible_after, size, sum(size) over (order by visible_after rows unbounded preceding) as bytes
           from met where is_over order by visible_after limit ${BATCH}) as over
         where bytes - size < ${MOST_BYTES}),
       -- It may be in another queue by now.
       held as materialized (
         select id from queue_messages where id = any (array(select id from chosen)) and queue_id is not distinct from $1 for update skip locked),
       removed as (delete from queue_messages where id = any (array(select id from held)) returning 1),
       counted as (select count(*)::int as removed from removed)
       select (select count(*)::int from met) as met, removed,
         coalesce(case when removed > 0 then (select max(visible_after) from chosen)
           else (select max(visible_after) from met) + interval '1 microsecond' end, '-infinity')::text as next
       from counted`,
      [queueId, from, untouched],
    );
    return row!;
  },

  /** Makes up to {@link BATCH} messages visible that were inserted without a time; answers the queues that got some. */
  async show(): Promise<readonly string[]> {
    const rows = await sql.query<{ queue_id: string }>(
      'queues.show_messages',
      `with shown as (
         update queue_messages set visible_after = now()
         where id = any (array(select id from queue_messages where visible_after is null limit ${BATCH} for update skip locked)) returning queue_id)
       select distinct queue_id from shown`,
    );
    return rows.map((row) => row.queue_id);
  },

  /** Of a queue that is deleted: messages without a time, which no batch meets. */
  async removeHidden(queueId: string): Promise<number> {
    const rows = await sql.query(
      'queues.remove_hidden_messages',
      `delete from queue_messages where id = any (array(
         select id from queue_messages where queue_id = $1 and visible_after is null limit ${BATCH} for update skip locked)) returning 1 as ok`,
      [queueId],
    );
    return rows.length;
  },

  /** The page of queues behind `after`, by id, and whether the messages that are met first in each have expired. */
  list: (after: string): Promise<readonly Listed[]> =>
    sql.query<Listed>(
      'queues.list_expired',
      `select id, tenant_id, fifo,
         coalesce(case when fifo
           then (select created_at from queue_messages where queue_id = q.id and sequence_number is not null order by sequence_number limit 1) <= over
           else exists (select from queue_messages where queue_id = q.id and visible_after <= over) end, false) as is_over
       from ${PAGE_OF_QUEUES} as q order by id`,
      [after],
    ),

  /** The same, and whether any message of a standard queue has expired or there are too many to tell. */
  listWhole: (after: string): Promise<readonly Listed[]> =>
    sql.query<Listed>(
      'queues.list_expired_whole',
      `select id, tenant_id, fifo, not fifo and m.is_over as is_over
       from ${PAGE_OF_QUEUES} as q
       cross join lateral (
         select coalesce(bool_or(created_at <= q.over), false) or count(*) = ${BATCH} as is_over
         from (select created_at from queue_messages where queue_id = q.id order by visible_after limit ${BATCH}) as first) as m
       order by id`,
      [after],
    ),

  /** Removes some of what belongs to a queue beside its messages. */
  async removePart(part: Part, queueId: string): Promise<number> {
    const rows = await sql.query(
      `queues.remove_${part}`,
      `delete from ${part} where (${PARTS[part]}) in (select ${PARTS[part]} from ${part} where queue_id = $1 limit ${BATCH}) returning 1 as ok`,
      [queueId],
    );
    return rows.length;
  },

  /** The end of a queue. False: it has messages yet, which somebody holds. */
  async end(queueId: string): Promise<boolean> {
    const rows = await sql.query(
      'queues.remove',
      `delete from ${QUEUES.name} where id = $1 and deleted_at is not null and not exists (select from queue_messages where queue_id = $1) returning 1 as ok`,
      [queueId],
    );
    return rows.length === 1;
  },
});
