import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const tagQueue: SqsAction<'TagQueue'> = async (input, context) => {
  await context.execute('queues.setLabels', { id: queueNameIn(input.QueueUrl, context), labels: input.Tags });
};
