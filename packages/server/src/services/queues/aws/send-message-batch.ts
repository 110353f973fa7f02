import type { OutputOf } from '../../../kernel/operation.ts';
import type { messageOperations } from '../message-operations.ts';
import type { SqsAction } from './action.ts';
import { batchAnswer, inBatchCodes } from './batches.ts';
import { queueNameIn } from './names.ts';
import { readSending } from './sending.ts';

export const sendMessageBatch: SqsAction<'SendMessageBatch'> = async (input, context) => {
  const sendings = input.Entries.map(readSending);
  const call = context.execute('queues.sendBatch', {
    id: queueNameIn(input.QueueUrl, context),
    entries: sendings.map(({ message }, index) => ({ id: input.Entries[index]!.Id, ...message })),
  }) as Promise<OutputOf<typeof messageOperations.sendBatch>>;
  const answer = await inBatchCodes(input.Entries, call);
  const digestsOf = new Map(input.Entries.map(({ Id }, index) => [Id, sendings[index]!.digests]));
  return batchAnswer(answer, (sent) => {
    const digests = digestsOf.get(sent.id)!;
    return {
      Id: sent.id,
      MessageId: sent.message_id,
      MD5OfMessageBody: sent.md5,
      MD5OfMessageAttributes: digests.MD5OfMessageAttributes,
      MD5OfMessageSystemAttributes: digests.MD5OfMessageSystemAttributes,
      SequenceNumber: sent.sequence_number,
    };
  });
};
