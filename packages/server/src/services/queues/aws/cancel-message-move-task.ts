import type { Static } from 'typebox';
import type { MoveTask } from '../operations.ts';
import type { SqsAction } from './action.ts';
import { inCodes } from './errors.ts';
import { readTaskHandle, TASK_CODES } from './move-tasks.ts';

export const cancelMessageMoveTask: SqsAction<'CancelMessageMoveTask'> = async (input, context) => {
  const named = readTaskHandle(input.TaskHandle, context);
  const call = context.execute('queues.cancelRedrive', { ...named }) as Promise<Static<typeof MoveTask>>;
  const { moved } = await inCodes(call, TASK_CODES);
  return { ApproximateNumberOfMessagesMoved: moved };
};
