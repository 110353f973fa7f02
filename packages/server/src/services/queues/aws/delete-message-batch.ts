import { isFifoName } from '../queue-rules.ts';
import type { SqsAction } from './action.ts';
import { batchAnswer, type Done, inBatchCodes, showDone } from './batches.ts';
import { queueNameIn } from './names.ts';

export const deleteMessageBatch: SqsAction<'DeleteMessageBatch'> = async (input, context) => {
  const id = queueNameIn(input.QueueUrl, context);
  const call = context.execute('queues.deleteMessages', {
    id,
    entries: input.Entries.map(({ Id, ReceiptHandle }) => ({ id: Id, receipt_handle: ReceiptHandle })),
  }) as Promise<Done>;
  const { successful, failed } = await inBatchCodes(input.Entries, call);
  if (failed.length === 0 || isFifoName(id)) return batchAnswer({ successful, failed }, showDone);
  // What is gone is deleted, as DeleteMessage has it.
  const isGone = ({ code }: Done['failed'][number]): boolean => code === 'MESSAGE_NOT_FOUND';
  return batchAnswer(
    { successful: [...successful, ...failed.filter(isGone)], failed: failed.filter((entry) => !isGone(entry)) },
    showDone,
  );
};
