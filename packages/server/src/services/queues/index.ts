import { queueActions } from './aws/sqs.ts';
import type { DataSide } from '../../kernel/data-side.ts';
import { countLive } from '../../kernel/resource.ts';
import { service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { QUEUE_ERRORS } from './errors.ts';
import { queueExamples } from './examples.ts';
import { messageExamples } from './message-examples.ts';
import { createMessageHandlers } from './message-handlers.ts';
import { messageOperations } from './message-operations.ts';
import { queueOperations } from './operations.ts';
import { QUEUES } from './queue.ts';
import { createQueueHandlers } from './queue-handlers.ts';
import { queueKinds } from './queue-kinds.ts';
import { STORED, type StoredMessages } from './stored.ts';
import { createQueueWorker, type QueueWorkerDeps } from './worker.ts';

export { queueArn, queueNameInArn } from './aws/names.ts';
export { deliver, type Delivery } from './delivery.ts';
export type { Attributes } from './message.ts';
export { MessageAttributes } from './message-operations.ts';
export { checkContent } from './new-message.ts';
export { type Queue, type QueueRow, QUEUES } from './queue.ts';
export { MOST_BYTES } from './plane.ts';
export { createStoredMessages, type StoredMessages } from './stored.ts';

export interface QueueDeps {
  readonly region: string;
  /** In the API's process. */
  readonly data?: DataSide | undefined;
  /** What tenants may store: counts what other services send, too. */
  readonly room?: StoredMessages | undefined;
  readonly worker?: QueueWorkerDeps;
}

/** Message queues. */
export function createQueuesService(deps: QueueDeps) {
  const { room } = deps;
  return service({
    name: 'queues',
    resource: 'queue',
    title: 'Queues',
    operations: { ...queueOperations, ...messageOperations },
    console: {
      group: 'messages',
      icon: 'inbox',
      order: 1,
      summary: 'A queue keeps messages until a program has received and deleted them.',
      columns: ['name', 'status', 'fifo', 'visibility_timeout', 'created_at'],
      references: { dead_letter_queue_id: 'queue', user_id: 'member' },
    },
    handlers: { ...createQueueHandlers(deps), ...createMessageHandlers(deps.data, room) },
    kinds: queueKinds,
    errors: QUEUE_ERRORS,
    quotas: { queues: { max: 200, noun: 'queues', free: 'Delete a queue' }, queue_messages_mb: STORED },
    usage: async (sql, { tenantId }) => ({
      queues: await countLive(sql, QUEUES, tenantId),
      queue_messages_mb: (await room?.used(tenantId)) ?? 0,
    }),
    blocks: { tenant: { noun: 'queue', count: (sql: Sql, id: string) => countLive(sql, QUEUES, id) } },
    retention: [
      {
        table: 'queue_move_tasks',
        key: 'id',
        over: `status <> 'RUNNING' and updated_at < now() - interval '30 days'`,
      },
      {
        table: 'queue_deduplications',
        key: 'queue_id, deduplication_id, group_id',
        over: `sent_at < now() - interval '5 minutes'`,
        isShared: true,
      },
      {
        table: 'queue_attempts',
        key: 'queue_id, attempt_id',
        over: `received_at < now() - interval '5 minutes'`,
        isShared: true,
      },
      {
        table: 'queue_groups',
        key: 'queue_id, group_id, head',
        over: `emptied_at < now() - interval '5 minutes'`,
        isShared: true,
      },
    ],
    ...(deps.worker ? { worker: createQueueWorker(deps.worker) } : {}),
    aws: [queueActions],
    examples: { ...queueExamples, ...messageExamples },
  });
}
