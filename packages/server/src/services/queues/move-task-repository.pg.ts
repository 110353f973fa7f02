import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { MOVE_TASK_COLUMNS, type MoveTaskRow } from './move-task.ts';

export interface NewMoveTask {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly sourceId: string;
  readonly destinationId: string | null;
  readonly maxPerSecond: number | null;
}

/** Tasks that move messages, as the control plane sees them. */
export const createPgMoveTaskRepository = (sql: Sql) => ({
  /** Begins at the database's time, as the messages' times are. Undefined when a task of the queue is running. */
  async insert(task: NewMoveTask): Promise<MoveTaskRow | undefined> {
    const [row] = await sql.query<MoveTaskRow>(
      'queues.insert_move_task',
      `insert into queue_move_tasks (id, user_id, tenant_id, source_queue_id, destination_queue_id, max_per_second)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (source_queue_id) where status = 'RUNNING' do nothing returning ${MOVE_TASK_COLUMNS}`,
      [task.id, task.userId, task.tenantId, task.sourceId, task.destinationId, task.maxPerSecond],
    );
    return row;
  },

  async find(tenantId: string, sourceId: string, id: string, lock: boolean): Promise<MoveTaskRow | undefined> {
    const [row] = await sql.query<MoveTaskRow>(
      `queues.find_move_task${lock ? '_locked' : ''}`,
      `select ${MOVE_TASK_COLUMNS} from queue_move_tasks
       where tenant_id = $1 and source_queue_id = $2 and id = $3${lock ? ' for no key update' : ''}`,
      [tenantId, sourceId, id],
    );
    return row;
  },

  /** Of a queue, the newest first, and one more than the page's limit. */
  list: (tenantId: string, sourceId: string, page: PageRequest): Promise<readonly MoveTaskRow[]> =>
    sql.query<MoveTaskRow>(
      'queues.list_move_tasks',
      `select ${MOVE_TASK_COLUMNS} from queue_move_tasks
       where tenant_id = $1 and source_queue_id = $2 and id < $3 order by id desc limit $4`,
      [tenantId, sourceId, page.after ?? LAST_ID, page.limit + 1],
    ),

  /** Of a task whose row the transaction has locked: from its commit on, no message is moved. */
  async cancel(id: string, at: Date): Promise<MoveTaskRow> {
    const [row] = await sql.query<MoveTaskRow>(
      'queues.cancel_move_task',
      `update queue_move_tasks set status = 'CANCELLED', version = version + 1, updated_at = $2 where id = $1 returning ${MOVE_TASK_COLUMNS}`,
      [id, at],
    );
    return row!;
  },
});
