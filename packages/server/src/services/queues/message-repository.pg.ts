import type { Sql } from '../../kernel/sql/tx.ts';
import { MESSAGE_COLUMNS, type MessageRow } from './message.ts';
import { type Extension, type Held, MOST_BYTES, type NewMessage, type TakeRequest, type Taken } from './plane.ts';
import { type QueueRow, RETENTION_SECONDS } from './queue.ts';

/** A message with its queue. */
export interface Addressed {
  readonly queue: Pick<QueueRow, 'id' | 'tenant_id'>;
  readonly message: NewMessage;
}

export interface Counts {
  readonly visible: number;
  readonly in_flight: number;
  readonly delayed: number;
  readonly bytes: number;
  readonly oldest: Date | null;
  readonly counted_at: Date;
}

interface TakenRow extends MessageRow {
  /** The request and, within it, the place of the message; null in the row that says how the request went. */
  readonly request: number;
  readonly place: number | null;
  readonly settled: number;
  /** Messages of the request that may be given. */
  readonly good: number;
  readonly filled: string | null;
  readonly first: Date | null;
  readonly at: Date;
  readonly next: Date | null;
}

const columns = (alias: string): string => MESSAGE_COLUMNS.replaceAll(/\w+/g, (column) => `${alias}.${column}`);
const NO_MESSAGE = MESSAGE_COLUMNS.replaceAll(/\w+/g, 'null');

/**
 * The statements of standard queues, each for many calls of many tenants at once, on the role `cloud_data`. The queues were authorised before:
 * each statement names them with their tenant.
 */
export const createPgMessageRepository = (sql: Sql) => ({
  /**
   * Stores messages; when they are committed, answers the database's time and the queues that are there: messages for others are not stored.
   * Rejects with 23503 for a queue that goes at this moment.
   */
  async insert(addressed: readonly Addressed[]): Promise<{ readonly at: Date; readonly queues: ReadonlySet<string> }> {
    const column = <T>(read: (one: Addressed) => T): readonly T[] => addressed.map(read);
    const [row] = await sql.query<{ at: Date; queues: readonly string[] }>(
      'queues.insert_messages',
      `with stored as (
         insert into queue_messages (id, queue_id, tenant_id, body, attributes, trace_header, size, sender, group_id, visible_after, created_at)
         select new.id, q.id, q.tenant_id, body, attributes, trace_header, size, sender, group_id, now() + delay * interval '1 second', now()
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::int[], $8::uuid[], $9::varchar[], $10::int[])
           as new (id, queue_id, tenant_id, body, attributes, trace_header, size, sender, group_id, delay)
         join queues q on q.id = new.queue_id and q.tenant_id is not distinct from new.tenant_id and q.deleted_at is null
         returning queue_id)
       select now() as at, coalesce(array_agg(distinct queue_id), '{}') as queues from stored`,
      [
        column(({ message }) => message.id),
        column(({ queue }) => queue.id),
        column(({ queue }) => queue.tenant_id),
        column(({ message }) => message.body),
        column(({ message }) => message.attributes),
        column(({ message }) => message.traceHeader),
        column(({ message }) => message.size),
        column(({ message }) => message.sender),
        column(({ message }) => message.groupId),
        column(({ message }) => message.delaySeconds),
      ],
    );
    return { at: row!.at, queues: new Set(row!.queues) };
  },

  /**
   * Takes messages for calls that wait, of several queues, each queue once. What has expired or was purged is deleted on the way; what was
   * received as often as it may be goes to the dead-letter queue. Rows that another statement holds are passed over. Beyond 16 MiB each
   * queue gives one message.
   */
  async take(requests: readonly TakeRequest[]): Promise<readonly Taken[]> {
    const seconds: number[] = [];
    const froms = requests.map(({ wants }) => {
      const from = seconds.length;
      for (const { max, visibilitySeconds } of wants) for (let n = 0; n < max; n++) seconds.push(visibilitySeconds);
      return from;
    });
    const rows = await sql.query<TakenRow>(
      'queues.take_messages',
      `with wanted as materialized (
         select w.*, q.max_receive_count,
           (select d.id from queues d where d.id = q.dead_letter_queue_id and d.deleted_at is null) as dead_letter_queue_id,
           greatest(now() - ${RETENTION_SECONDS} * interval '1 second', q.purged_before) as over
         from unnest($1::int[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::timestamptz[], $8::boolean[])
           as w (request, queue_id, tenant_id, from_place, places, nonce, floor, wants_next)
         join queues q on q.id = w.queue_id and q.tenant_id = w.tenant_id and q.deleted_at is null),
       met as materialized (
         select w.request, w.from_place, w.nonce, w.dead_letter_queue_id, w.queue_id, m.id, m.visible_after, m.size,
           case when m.created_at <= w.over then 'expired' when m.received_count >= w.max_receive_count and w.dead_letter_queue_id is not null then 'dead' else 'taken' end as fate
         from wanted w
         cross join lateral (
           select id, visible_after, created_at, received_count, size from queue_messages
           where queue_id = w.queue_id and visible_after >= w.floor and visible_after <= now()
           order by visible_after limit w.places for update skip locked) as m),
       placed as materialized (
         select request, from_place, nonce, id, place from (
           select request, from_place, nonce, id, place, sum(size) over (order by place, request) as bytes from (
             select *, (row_number() over (partition by request order by visible_after, id))::int as place from met where fate = 'taken') as numbered) as summed
         where place = 1 or bytes <= ${MOST_BYTES}),
       expired as (
         delete from queue_messages m using met where met.fate = 'expired' and m.id = met.id and m.id = any (array(select id from met where fate = 'expired')) returning met.request),
       dead as (
         update queue_messages m set queue_id = met.dead_letter_queue_id, dead_letter_source = met.queue_id, received_count = 0, first_received_at = null,
           receipt_handle = null, visible_after = now()
         from met where met.fate = 'dead' and m.id = met.id and m.id = any (array(select id from met where fate = 'dead')) returning met.request),
       taken as (
         update queue_messages m set visible_after = now() + ($9::int[])[p.from_place + p.place] * interval '1 second',
           received_count = m.received_count + 1, first_received_at = coalesce(m.first_received_at, now()),
           receipt_handle = encode(uuid_send(m.id), 'hex') || p.nonce || lpad(to_hex(p.place), 4, '0')
         from placed p where m.id = p.id and m.id = any (array(select id from placed))
         returning p.request, p.place, ${columns('m')})
       select request, place, 0 as settled, 0 as good, null::uuid as filled, null::timestamptz as first, now() as at, null::timestamptz as next, ${MESSAGE_COLUMNS}
       from taken
       union all
       select w.request, null, (select count(*)::int from expired e where e.request = w.request) + (select count(*)::int from dead d where d.request = w.request),
         s.good, case when exists (select from dead d where d.request = w.request) then w.dead_letter_queue_id end,
         s.first, now(),
         case when w.wants_next then (
           select visible_after from queue_messages where queue_id = w.queue_id and visible_after > now() order by visible_after limit 1) end,
         ${NO_MESSAGE}
       from wanted w
       cross join lateral (
         select min(visible_after) as first, (count(*) filter (where fate = 'taken'))::int as good from met where met.request = w.request) as s`,
      [
        requests.map((_, request) => request),
        requests.map(({ queue }) => queue.id),
        requests.map(({ queue }) => queue.tenant_id),
        froms,
        requests.map(({ wants }) => wants.reduce((places, { max }) => places + max, 0)),
        requests.map(({ nonce }) => nonce),
        requests.map(({ floor }) => floor?.toISOString() ?? '-infinity'),
        requests.map(({ wantsNext }) => wantsNext),
        seconds,
      ],
    );
    return requests.map((one, request) =>
      asTaken(
        one,
        rows.filter((row) => row.request === request),
      ),
    );
  },

  /** Deletes messages whose handle is the latest; answers which were there, in the order given. */
  async delete(held: readonly Held[]): Promise<readonly boolean[]> {
    const rows = await sql.query<{ place: number }>(
      'queues.delete_messages',
      `delete from queue_messages m using unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) with ordinality as h (id, queue_id, tenant_id, handle, place)
       where m.id = h.id and m.id = any ($1) and ${IS_HELD} returning h.place::int as place`,
      heldValues(held),
    );
    const deleted = new Set(rows.map(({ place }) => place));
    return held.map((_, index) => deleted.has(index + 1));
  },

  /** Changes until when messages are hidden that are in flight; answers until when, undefined for the others. */
  async extend(extensions: readonly Extension[]): Promise<readonly (Date | undefined)[]> {
    const rows = await sql.query<{ place: number; visible_after: Date }>(
      'queues.change_visibility',
      `update queue_messages m set visible_after = now() + h.seconds * interval '1 second'
       from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[]) with ordinality as h (id, queue_id, tenant_id, handle, seconds, place)
       where m.id = h.id and m.id = any ($1) and ${IS_HELD} and m.visible_after > now()
       returning h.place::int as place, m.visible_after`,
      [...heldValues(extensions), extensions.map(({ seconds }) => seconds)],
    );
    const until = new Map(rows.map(({ place, visible_after }) => [place, visible_after]));
    return extensions.map((_, index) => until.get(index + 1));
  },

  /** The messages that become visible first, as they are: at most 16 MiB, not counting the last one. */
  peek(queue: QueueRow, limit: number): Promise<readonly MessageRow[]> {
    return sql.query<MessageRow>(
      'queues.peek_messages',
      `select ${columns('m')} from queues q
       cross join lateral (
         select ${MESSAGE_COLUMNS}, sum(size) over (order by visible_after rows unbounded preceding) as bytes from (
           select ${MESSAGE_COLUMNS} from queue_messages where queue_id = q.id
             and created_at > greatest(now() - ${RETENTION_SECONDS} * interval '1 second', q.purged_before)
           order by visible_after limit $3) as first) as m
       where q.id = $1 and q.tenant_id = $2 and m.bytes - m.size < ${MOST_BYTES} order by m.visible_after`,
      [queue.id, queue.tenant_id, limit],
    );
  },

  /** Counts a queue's messages, by the index alone. */
  async count(queue: Pick<QueueRow, 'id' | 'tenant_id'>): Promise<Counts> {
    const [row] = await sql.query<Counts>(
      'queues.count_messages',
      `select count(*) filter (where visible_after <= now())::int as visible,
         count(*) filter (where visible_after > now() and received_count > 0)::int as in_flight,
         count(*) filter (where visible_after > now() and received_count = 0)::int as delayed,
         coalesce(sum(size), 0)::float8 as bytes, min(m.created_at) as oldest, now() as counted_at
       from queues q
       join queue_messages m on m.queue_id = q.id and m.created_at > greatest(now() - ${RETENTION_SECONDS} * interval '1 second', q.purged_before)
       where q.id = $1 and q.tenant_id = $2`,
      [queue.id, queue.tenant_id],
    );
    return row!;
  },

  /** Messages that were received and are hidden still, up to `max`. */
  async countInFlight(queue: Pick<QueueRow, 'id' | 'tenant_id'>, max: number): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'queues.count_in_flight',
      `select count(*)::int as count from (
         select 1 from queues q join queue_messages m on m.queue_id = q.id and m.visible_after > now() and m.received_count > 0
         where q.id = $1 and q.tenant_id = $2 limit $3) as hidden`,
      [queue.id, queue.tenant_id, max],
    );
    return row!.count;
  },

  /** Tells every API process that these queues may have something for those who wait. `sender` is this process. */
  async announce(sender: string, queueIds: readonly string[]): Promise<void> {
    await sql.query('queues.announce', 'select pg_notify($1, $2)', [QUEUE_CHANNEL, [sender, ...queueIds].join(' ')]);
  },
});

export type MessageRepository = ReturnType<typeof createPgMessageRepository>;

/** Payload: the process that sends it, and ids of queues. */
export const QUEUE_CHANNEL = 'cloud_queues';

// Statements name the messages that they change by `id = any (…)`, beside a join if they need one. PostgreSQL may take the table for empty, after
// it was, and would then compare each row of a join with every message that there is by now: a batch of a removal took 4 s with 30,000 messages, a
// receive call 0.2 s. Keys are looked up in the index whatever it expects.

/**
 * That a message `m` is of the queue and has the handle that `h` says. No index serves `is not distinct from`: a plan that was made while the
 * table was small would look a message up by its queue, and keep doing so with a million messages in it (24 ms a deletion at 100,000).
 */
const IS_HELD = `m.queue_id is not distinct from h.queue_id and m.tenant_id is not distinct from h.tenant_id and m.receipt_handle = h.handle`;

const heldValues = (held: readonly Held[]) => [
  held.map(({ messageId }) => messageId),
  held.map(({ queue }) => queue.id),
  held.map(({ queue }) => queue.tenant_id),
  held.map(({ handle }) => handle),
];

/** Deals the messages of a request to its calls, in the order of both. */
function asTaken({ wants }: TakeRequest, rows: readonly TakenRow[]): Taken {
  const summary = rows.find(({ place }) => place === null);
  const messages = rows.filter(({ place }) => place !== null).sort((a, b) => a.place! - b.place!);
  let from = 0;
  return {
    exists: summary !== undefined,
    messages: wants.map(({ max }) => messages.slice(from, (from += max))),
    settled: summary?.settled ?? 0,
    isCut: summary !== undefined && summary.good > messages.length,
    first: summary?.first ?? undefined,
    at: summary?.at ?? new Date(0),
    next: summary?.next ?? undefined,
    filled: summary?.filled ? [summary.filled] : [],
  };
}
