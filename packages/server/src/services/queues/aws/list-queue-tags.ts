import type { Queue } from '../queue.ts';
import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const listQueueTags: SqsAction<'ListQueueTags'> = async (input, context) => {
  const { labels } = (await context.execute('queues.get', { id: queueNameIn(input.QueueUrl, context) })) as Queue;
  // SQS leaves the map out where it has nothing.
  return Object.keys(labels).length > 0 ? { Tags: labels } : {};
};
