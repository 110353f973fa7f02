import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const deleteQueue: SqsAction<'DeleteQueue'> = async (input, context) => {
  await context.execute('queues.delete', { id: queueNameIn(input.QueueUrl, context) });
};
