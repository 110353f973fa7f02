import type { SqsAction } from './action.ts';
import { batchAnswer, type Done, inBatchCodes, showDone } from './batches.ts';
import { queueNameIn } from './names.ts';

export const changeMessageVisibilityBatch: SqsAction<'ChangeMessageVisibilityBatch'> = async (input, context) => {
  const call = context.execute('queues.changeVisibilities', {
    id: queueNameIn(input.QueueUrl, context),
    entries: input.Entries.map(({ Id, ReceiptHandle, VisibilityTimeout }) => ({
      id: Id,
      receipt_handle: ReceiptHandle,
      visibility_timeout: VisibilityTimeout,
    })),
  }) as Promise<Done>;
  return batchAnswer(await inBatchCodes(input.Entries, call), showDone);
};
