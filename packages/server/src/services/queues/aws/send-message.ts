import type { OutputOf } from '../../../kernel/operation.ts';
import type { messageOperations } from '../message-operations.ts';
import type { SqsAction } from './action.ts';
import { queueNameIn } from './names.ts';
import { readSending } from './sending.ts';

export const sendMessage: SqsAction<'SendMessage'> = async (input, context) => {
  const { message, digests } = readSending(input);
  const id = queueNameIn(input.QueueUrl, context);
  const sent = (await context.execute('queues.send', { id, ...message })) as OutputOf<typeof messageOperations.send>;
  return {
    MessageId: sent.id,
    MD5OfMessageBody: sent.md5,
    MD5OfMessageAttributes: digests.MD5OfMessageAttributes,
    MD5OfMessageSystemAttributes: digests.MD5OfMessageSystemAttributes,
    SequenceNumber: sent.sequence_number,
  };
};
