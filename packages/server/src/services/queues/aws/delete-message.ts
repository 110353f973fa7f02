import { CloudError, invalidInput } from '../../../kernel/errors.ts';
import { isFifoName } from '../queue-rules.ts';
import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';

export const deleteMessage: SqsAction<'DeleteMessage'> = async (input, context) => {
  const id = queueNameIn(input.QueueUrl, context);
  try {
    await context.execute('queues.deleteMessage', { id, receipt_handle: input.ReceiptHandle });
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'MESSAGE_NOT_FOUND') throw error;
    // A standard queue takes a handle that another one has replaced for that of a message that is gone, which is what was wanted.
    if (isFifoName(id))
      throw invalidInput(
        `Value ${input.ReceiptHandle.slice(0, 200)} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
      );
  }
};
