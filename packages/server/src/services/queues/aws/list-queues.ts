import type { PageOf } from '../../../kernel/operation.ts';
import type { Queue } from '../queue.ts';
import type { SqsAction } from './action.ts';
import { MOST_LISTED, queueUrl } from './names.ts';

export const listQueues: SqsAction<'ListQueues'> = async (input, context) => {
  const { items, nextCursor } = (await context.execute('queues.list', {
    limit: input.MaxResults ?? MOST_LISTED,
    ...(input.QueueNamePrefix ? { prefix: input.QueueNamePrefix } : {}),
    ...(input.NextToken ? { cursor: input.NextToken } : {}),
  })) as PageOf<Queue>;
  // SQS leaves the list out where it has nothing.
  if (items.length === 0) return {};
  return { QueueUrls: items.map(({ name }) => queueUrl(context, name)), NextToken: nextCursor };
};
