import type { SqsAction } from './action.ts';
import { inAttributeCodes } from './attribute-codes.ts';
import { readAttributes } from './attributes-in.ts';
import { queueNameIn } from './names.ts';

export const setQueueAttributes: SqsAction<'SetQueueAttributes'> = async (input, context) => {
  const id = queueNameIn(input.QueueUrl, context);
  const settings = readAttributes(id, input.Attributes, context);
  // What says only what is so already sets nothing: a key that is taken away, FifoQueue.
  if (Object.keys(settings).length === 0 && Object.keys(input.Attributes).length > 0) {
    await context.execute('queues.get', { id });
    return;
  }
  await inAttributeCodes(context.execute('queues.update', { id, ...settings }), id);
};
