import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const untagQueue: SqsAction<'UntagQueue'> = async (input, context) => {
  await context.execute('queues.removeLabels', { id: queueNameIn(input.QueueUrl, context), keys: input.TagKeys });
};
