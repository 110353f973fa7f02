import { isUuid } from '../../kernel/ids.ts';
import { kindOf } from '../../kernel/resource.ts';
import type { Kind } from '../../kernel/service.ts';
import { createPgMoveTaskRepository } from './move-task-repository.pg.ts';
import { type MoveTaskRow, presentMoveTask } from './move-task.ts';
import { presentQueue, type QueueRow, QUEUES } from './queue.ts';

/** A task that moves messages out of a queue, found within that queue. */
const moveTask: Kind<MoveTaskRow> = {
  noun: 'redrive task',
  find: async (sql, { tenantId, ref, lock, within }) =>
    isUuid(ref) ? createPgMoveTaskRepository(sql).find(tenantId, (within as QueueRow).id, ref, lock) : undefined,
  present: presentMoveTask,
  id: (row) => row.id,
  version: (row) => row.version,
};

export const queueKinds = {
  queue: kindOf(QUEUES, { noun: 'queue', present: presentQueue, detail: (row) => (row.fifo ? 'FIFO' : 'standard') }),
  queue_move_task: moveTask,
};
