import type { Queue } from '../queue.ts';
import type { SqsAction } from './action.ts';
import { queueUrl, refuseOtherAccount } from './names.ts';

export const getQueueUrl: SqsAction<'GetQueueUrl'> = async (input, context) => {
  refuseOtherAccount(context, input.QueueOwnerAWSAccountId);
  const queue = (await context.execute('queues.get', { id: input.QueueName })) as Queue;
  return { QueueUrl: queueUrl(context, queue.name) };
};
