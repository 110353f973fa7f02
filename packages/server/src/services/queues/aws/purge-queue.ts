import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const purgeQueue: SqsAction<'PurgeQueue'> = async (input, context) => {
  await context.execute('queues.purge', { id: queueNameIn(input.QueueUrl, context) });
};
