import { notFound } from '../../kernel/errors.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { MESSAGE_COLUMNS, type MessageRow } from './message.ts';
import type { Extension, Held, NewMessage, StoredMessage, Taken, TakeRequest } from './plane.ts';
import type { QueueRow } from './queue.ts';

export interface FifoDeleted {
  /** For each handle, in the order given: false if it is stale, the message's visibility has run out, or it is gone. */
  readonly deleted: readonly boolean[];
  /** When the first of the messages' groups gives messages again; undefined: none of them has any. */
  readonly opensAt: Date | undefined;
}

export interface FifoExtended {
  /** For each handle, in the order given: until when the message is hidden now; undefined as `deleted` is false. */
  readonly until: readonly (Date | undefined)[];
  readonly opensAt: Date | undefined;
}

export interface FifoMove {
  readonly tenantId: string;
  readonly sourceId: string;
  /** Undefined: each message goes to the queue from which it came. */
  readonly destinationId: string | undefined;
  /** Messages that came later stay. */
  readonly by: Date;
  readonly max: number;
}

export interface FifoMoved {
  readonly moved: number;
  /** A destination was locked: ask again. */
  readonly busy: boolean;
  /** Ids of the queues that got messages. */
  readonly filled: readonly string[];
}

export type FifoMessages = ReturnType<typeof createPgFifoMessages>;

const MESSAGE_FIELDS = MESSAGE_COLUMNS.split(/,\s*/)
  .map((column) => `(t.message).${column}`)
  .join(', ');

const earliest = (times: readonly (Date | null)[]): Date | undefined =>
  times.reduce<Date | undefined>((first, time) => (time && (!first || time < first) ? time : first), undefined);

/**
 * The messages of FIFO queues. Calls of one queue wait for each other in the database, with a connection each: who has several gathers
 * them, and has few under way.
 */
export const createPgFifoMessages = (sql: Sql) => ({
  /** Stores messages in their order. Throws NOT_FOUND when the queue is gone. */
  async send(queue: QueueRow, messages: readonly NewMessage[]): Promise<readonly StoredMessage[]> {
    const rows = await sql.query<{ id: string; sequence_number: string; created_at: Date }>(
      'queues.fifo_send',
      'select id, sequence_number, created_at from fifo_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
      [
        queue.tenant_id,
        queue.id,
        messages.map((message) => message.id),
        messages.map((message) => message.body),
        messages.map((message) => message.attributes),
        messages.map((message) => message.traceHeader),
        messages.map((message) => message.size),
        messages.map((message) => message.sender),
        messages.map((message) => message.delaySeconds),
        messages.map((message) => message.groupId),
        messages.map((message) => message.deduplicationId),
      ],
    );
    if (rows.length < messages.length) throw notFound('queue', queue.id);
    return rows.map((row) => ({ id: row.id, sequence: row.sequence_number, createdAt: row.created_at }));
  },

  /** Gives messages to the calls that wait. `first` and `next` are times at which groups give messages. */
  async take({ queue, wants, nonce, floor, wantsNext }: TakeRequest): Promise<Taken> {
    type Row = MessageRow & {
      call: number | null;
      scanned_at: Date;
      settled: number;
      first_at: Date | null;
      next_at: Date | null;
      filled: string | null;
    };
    const rows = await sql.query<Row>(
      'queues.fifo_take',
      `select t.call, ${MESSAGE_FIELDS}, t.scanned_at, t.settled, t.first_at,
         date_trunc('milliseconds', t.next_at + interval '999 microseconds') as next_at, t.filled
       from fifo_take($1, $2, $3, $4, $5, $6, $7, $8) t`,
      [
        queue.tenant_id,
        queue.id,
        wants.map((want) => want.max),
        wants.map((want) => want.visibilitySeconds),
        wants.map((want) => want.attemptId ?? null),
        nonce,
        floor ?? null,
        wantsNext,
      ],
    );
    const messages: MessageRow[][] = wants.map(() => []);
    const last = rows.pop();
    if (!last)
      return {
        exists: false,
        messages,
        settled: 0,
        isCut: false,
        first: undefined,
        at: new Date(0),
        next: undefined,
        filled: [],
      };
    for (const row of rows) messages[row.call! - 1]!.push(row);
    return {
      exists: true,
      messages,
      settled: last.settled,
      isCut: false,
      first: last.first_at ?? undefined,
      at: last.scanned_at,
      next: last.next_at ?? undefined,
      filled: last.filled === null ? [] : [last.filled],
    };
  },

  /** Deletes messages of one queue. */
  async delete(held: readonly Held[]): Promise<FifoDeleted> {
    const { queue } = held[0]!;
    const rows = await sql.query<{ place: number; opens_at: Date | null }>(
      'queues.fifo_delete',
      'select place, opens_at from fifo_delete($1, $2, $3, $4)',
      [queue.tenant_id, queue.id, held.map((one) => one.messageId), held.map((one) => one.handle)],
    );
    const places = new Set(rows.map((row) => row.place - 1));
    return {
      deleted: held.map((_, place) => places.has(place)),
      opensAt: earliest(rows.map((row) => row.opens_at)),
    };
  },

  /** Changes the visibility of messages of one queue. */
  async extend(extensions: readonly Extension[]): Promise<FifoExtended> {
    const { queue } = extensions[0]!;
    const rows = await sql.query<{ place: number; until: Date; opens_at: Date | null }>(
      'queues.fifo_extend',
      'select place, until, opens_at from fifo_extend($1, $2, $3, $4, $5)',
      [
        queue.tenant_id,
        queue.id,
        extensions.map((one) => one.messageId),
        extensions.map((one) => one.handle),
        extensions.map((one) => one.seconds),
      ],
    );
    const byPlace = new Map(rows.map((row) => [row.place - 1, row.until]));
    return {
      until: extensions.map((_, place) => byPlace.get(place)),
      opensAt: earliest(rows.map((row) => row.opens_at)),
    };
  },

  /** A step of a redrive task, for the worker. */
  async move({ tenantId, sourceId, destinationId, by, max }: FifoMove): Promise<FifoMoved> {
    const [row] = await sql.query<FifoMoved>(
      'queues.fifo_move',
      'select moved, busy, filled from fifo_move($1, $2, $3, $4, $5)',
      [tenantId, sourceId, destinationId ?? null, by, max],
    );
    return row!;
  },

  /** Deletes up to `max` messages that expired or were purged and frees their groups, for the worker. Answers how many. */
  async expire(tenantId: string, queueId: string, max: number): Promise<number> {
    const [row] = await sql.query<{ removed: number }>(
      'queues.fifo_expire',
      'select fifo_expire($1, $2, $3) as removed',
      [tenantId, queueId, max],
    );
    return row!.removed;
  },
});
