import type { Static } from 'typebox';
import type { PageOf } from '../../../kernel/operation.ts';
import type { MoveTask } from '../operations.ts';
import type { SqsAction } from './action.ts';
import { inCodes } from './errors.ts';
import { queueOfTask, TASK_CODES, taskHandle } from './move-tasks.ts';
import { arnOfQueue, queueArn } from './names.ts';

export const listMessageMoveTasks: SqsAction<'ListMessageMoveTasks'> = async (input, context) => {
  const queue = queueOfTask(input.SourceArn, 'SourceArn', context);
  const call = context.execute('queues.redriveTasks', { id: queue, limit: input.MaxResults ?? 1 });
  const { items } = (await inCodes(call, TASK_CODES)) as PageOf<Static<typeof MoveTask>>;
  return {
    Results: await Promise.all(
      items.map(async (task) => ({
        // Only what runs can be cancelled.
        TaskHandle: task.status === 'RUNNING' ? taskHandle(context, queue, task.id) : undefined,
        Status: task.status,
        SourceArn: queueArn(context, queue),
        DestinationArn: task.destination_queue_id && (await arnOfQueue(context, task.destination_queue_id)),
        MaxNumberOfMessagesPerSecond: task.max_per_second,
        ApproximateNumberOfMessagesMoved: task.moved,
        ApproximateNumberOfMessagesToMove: task.to_move,
        FailureReason: task.failure_reason,
        StartedTimestamp: Date.parse(task.created_at),
      })),
    ),
  };
};
