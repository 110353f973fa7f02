import type { Static } from 'typebox';
import type { MoveTask } from '../operations.ts';
import type { SqsAction } from './action.ts';
import { inCodes } from './errors.ts';
import { queueOfTask, TASK_CODES, taskHandle } from './move-tasks.ts';

export const startMessageMoveTask: SqsAction<'StartMessageMoveTask'> = async (input, context) => {
  const queue = queueOfTask(input.SourceArn, 'SourceArn', context);
  const call = context.execute('queues.redrive', {
    id: queue,
    ...(input.DestinationArn ? { destination_id: queueOfTask(input.DestinationArn, 'DestinationArn', context) } : {}),
    ...(input.MaxNumberOfMessagesPerSecond === undefined ? {} : { max_per_second: input.MaxNumberOfMessagesPerSecond }),
  }) as Promise<Static<typeof MoveTask>>;
  const task = await inCodes(call, TASK_CODES);
  return { TaskHandle: taskHandle(context, queue, task.id) };
};
