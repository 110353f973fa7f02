import type { Sql } from '../../kernel/sql/tx.ts';
import { MOVE_TASK_COLUMNS, type MoveTaskRow } from './move-task.ts';
import { RETENTION_SECONDS } from './queue.ts';

export interface MovingTask extends MoveTaskRow {
  /** Of the source. */
  readonly fifo: boolean;
  readonly source_deleted: boolean;
  readonly destination_deleted: boolean;
}

export interface Moved {
  readonly moved: number;
  /** Messages that cannot go back: the queue from which they came is gone, or they came from none. */
  readonly lost: number;
  /** Some are left that could not be moved now, because somebody holds them. */
  readonly held: boolean;
  /** Whether this was all that there is to move. */
  readonly last: boolean;
  /** Where the next batch begins; a timestamp of PostgreSQL's, to the microsecond. */
  readonly next: string;
  /** Queues that got messages. */
  readonly filled: readonly string[];
}

const OVER = `greatest(now() - ${RETENTION_SECONDS.replaceAll('retention', 's.retention')} * interval '1 second', s.purged_before)`;
/** A task, its source, and what of a standard queue it moves: the messages that were visible when it began. */
const TASK = `(select t.tenant_id, t.source_queue_id, t.destination_queue_id, t.created_at as began, coalesce(${OVER}, '-infinity') as over
  from queue_move_tasks t join queues s on s.id = t.source_queue_id where t.id = $1) as t`;

/** How the worker moves messages, over all tenants. */
export const createPgMoveRepository = (sql: Sql) => ({
  async load(id: string): Promise<MovingTask | undefined> {
    const [row] = await sql.query<MovingTask>(
      'queues.load_move_task',
      `select t.*, s.fifo, s.deleted_at is not null as source_deleted, d.deleted_at is not null as destination_deleted
       from (select ${MOVE_TASK_COLUMNS} from queue_move_tasks where id = $1) as t
       join queues s on s.id = t.source_queue_id left join queues d on d.id = t.destination_queue_id`,
      [id],
    );
    return row;
  },

  /** Holds the task until the end of the transaction. False: it does not run any more. */
  async hold(id: string): Promise<boolean> {
    const rows = await sql.query(
      'queues.hold_move_task',
      `select 1 as ok from queue_move_tasks where id = $1 and status = 'RUNNING' for no key update`,
      [id],
    );
    return rows.length === 1;
  },

  /** Writes down how many there are to move. */
  async count(id: string): Promise<void> {
    await sql.query(
      'queues.count_to_move',
      `update queue_move_tasks u set to_move = (
         select count(*) from ${TASK} join queue_messages m on m.queue_id = t.source_queue_id and m.visible_after <= t.began and m.created_at > t.over)
       where u.id = $1`,
      [id],
    );
  },

  /** Moves some messages of a standard queue, from `from` on in the order in which they became visible. As in SQS their time begins again. */
  async move(id: string, from: string, most: number): Promise<Moved> {
    const [row] = await sql.query<Omit<Moved, 'last' | 'held'> & { readonly met: number; readonly left: boolean }>(
      'queues.move_messages',
      `with met as materialized (
         select t.*, m.id, m.visible_after, m.created_at > t.over as is_good, coalesce(t.destination_queue_id, m.dead_letter_source) as wanted
         from ${TASK} cross join lateral (
           select id, visible_after, created_at, dead_letter_source from queue_messages
           where queue_id = t.source_queue_id and visible_after >= $2::timestamptz and visible_after <= t.began
           order by visible_after limit $3 for update skip locked) as m),
       placed as materialized (
         select met.id, d.id as destination from met
         join queues d on d.id = met.wanted and d.tenant_id = met.tenant_id and d.deleted_at is null and not d.fifo and d.id <> met.source_queue_id
         where met.is_good),
       moved as (
         update queue_messages m set queue_id = p.destination, dead_letter_source = null, received_count = 0, first_received_at = null,
           receipt_handle = null, visible_after = now(), created_at = now()
         from placed p where m.id = p.id and m.id = any (array(select id from placed)) returning m.queue_id),
       counted as (select count(*)::int as moved, coalesce(array_agg(distinct queue_id), '{}') as filled from moved)
       select moved, filled, (select count(*)::int from met) as met, (select count(*)::int from met where is_good) - moved as lost,
         coalesce(case when moved > 0 then (select max(visible_after) from met)
           else (select max(visible_after) from met) + interval '1 microsecond' end, '-infinity')::text as next,
         (select count(*) from met) < $3 and exists (
           select from ${TASK} join queue_messages m on m.queue_id = t.source_queue_id and m.visible_after <= t.began and m.created_at > t.over
           where not exists (select from met where met.id = m.id)) as left
       from counted`,
      [id, from, most],
    );
    const { met, left, ...batch } = row!;
    return { ...batch, last: met < most, held: left };
  },

  /** Of a FIFO queue: visible messages of the task's that have no queue to go to. */
  async countLost(id: string): Promise<number> {
    const [row] = await sql.query<{ lost: number }>(
      'queues.count_lost_messages',
      `select count(*)::int as lost from ${TASK}
       join queue_messages m on m.queue_id = t.source_queue_id and m.visible_after <= now() and m.created_at > t.over and m.created_at <= t.began
       where not exists (
         select from queues d where d.id = coalesce(t.destination_queue_id, m.dead_letter_source) and d.tenant_id = t.tenant_id
           and d.deleted_at is null and d.fifo and d.id <> t.source_queue_id)`,
      [id],
    );
    return row!.lost;
  },

  async addMoved(id: string, moved: number): Promise<void> {
    await sql.query(
      'queues.add_moved',
      'update queue_move_tasks set moved = moved + $2, to_move = greatest(to_move, moved + $2), updated_at = now() where id = $1',
      [id, moved],
    );
  },

  async end(id: string, status: 'COMPLETED' | 'FAILED', reason: string | null): Promise<void> {
    await sql.query(
      'queues.end_move_task',
      'update queue_move_tasks set status = $2, failure_reason = $3, version = version + 1, updated_at = now() where id = $1',
      [id, status, reason],
    );
  },
});
