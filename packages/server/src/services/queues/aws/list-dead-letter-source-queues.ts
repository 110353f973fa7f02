import type { PageOf } from '../../../kernel/operation.ts';
import type { Queue } from '../queue.ts';
import type { SqsAction } from './action.ts';
import { MOST_LISTED, queueNameIn, queueUrl } from './names.ts';

export const listDeadLetterSourceQueues: SqsAction<'ListDeadLetterSourceQueues'> = async (input, context) => {
  const { items, nextCursor } = (await context.execute('queues.deadLetterSources', {
    id: queueNameIn(input.QueueUrl, context),
    limit: input.MaxResults ?? MOST_LISTED,
    ...(input.NextToken ? { cursor: input.NextToken } : {}),
  })) as PageOf<Queue>;
  return { queueUrls: items.map(({ name }) => queueUrl(context, name)), NextToken: nextCursor };
};
