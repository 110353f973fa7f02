import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const changeMessageVisibility: SqsAction<'ChangeMessageVisibility'> = async (input, context) => {
  await context.execute('queues.changeVisibility', {
    id: queueNameIn(input.QueueUrl, context),
    receipt_handle: input.ReceiptHandle,
    visibility_timeout: input.VisibilityTimeout,
  });
};
