import type { OutputOf } from '../../../kernel/operation.ts';
import type { messageOperations } from '../message-operations.ts';
import type { Queue } from '../queue.ts';
import type { SqsAction } from './action.ts';
import { SHOWN_NAMES, showAttributes } from './attributes-out.ts';
import { SqsError } from './errors.ts';
import { queueNameIn } from './names.ts';

type Stats = OutputOf<typeof messageOperations.stats>;
const COUNTED: Readonly<Record<string, (stats: Stats) => number>> = {
  ApproximateNumberOfMessages: (stats) => stats.visible,
  ApproximateNumberOfMessagesNotVisible: (stats) => stats.in_flight,
  ApproximateNumberOfMessagesDelayed: (stats) => stats.delayed,
};
const ALL = [...SHOWN_NAMES, ...Object.keys(COUNTED)];
/** What a queue can have at SQS, and has not here. */
const NEVER_SET = ['KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds'];

export const getQueueAttributes: SqsAction<'GetQueueAttributes'> = async (input, context) => {
  const id = queueNameIn(input.QueueUrl, context);
  const asked: readonly string[] = input.AttributeNames ?? [];
  for (const name of asked)
    if (name !== 'All' && !ALL.includes(name) && !NEVER_SET.includes(name))
      throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name.slice(0, 100)}.`);
  const names = asked.includes('All') ? ALL : [...new Set(asked)];
  const queue = (await context.execute('queues.get', { id })) as Queue;
  const attributes = await showAttributes(queue, names, context);
  const counted = names.filter((name) => Object.hasOwn(COUNTED, name));
  if (counted.length > 0) {
    const stats = (await context.execute('queues.stats', { id: queue.id })) as Stats;
    for (const name of counted) attributes[name] = String(COUNTED[name]!(stats));
  }
  // SQS leaves the map out where it has nothing.
  return Object.keys(attributes).length > 0 ? { Attributes: attributes } : {};
};
