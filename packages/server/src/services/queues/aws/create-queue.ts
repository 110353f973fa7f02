import { CloudError } from '../../../kernel/errors.ts';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { LIMITS, type Queue } from '../queue.ts';
import type { SqsAction } from './action.ts';
import { inAttributeCodes } from './attribute-codes.ts';
import { readAttribute, readAttributes } from './attributes-in.ts';
import { showAttributes } from './attributes-out.ts';
import { SqsError } from './errors.ts';
import { queueUrl } from './names.ts';

/** What a queue gets at SQS if its creator does not say: more than through our other doors, whose clients know another default. */
const DEFAULTS = { max_message_size: LIMITS.messageSize.max };

export const createQueue: SqsAction<'CreateQueue'> = async (input, context) => {
  const name = input.QueueName;
  const url = queueUrl(context, name);
  const { FifoQueue, ...attributes } = input.Attributes ?? {};
  const settings = readAttributes(name, { FifoQueue: FifoQueue ?? 'false', ...attributes }, context);
  const labels = input.tags && Object.keys(input.tags).length > 0 ? { labels: input.tags } : {};
  try {
    await inAttributeCodes(context.execute('queues.create', { name, ...DEFAULTS, ...settings, ...labels }));
  } catch (error) {
    // Who is at the quota may ask for a queue that there is.
    if (!hasCode(error, 'CONFLICT') && !hasCode(error, 'QUOTA_EXCEEDED')) throw error;
    const queue = await find(name, context);
    if (!queue) throw error;
    await refuseDifference(queue, attributes, context);
  }
  return { QueueUrl: url };
};

const hasCode = (error: unknown, code: string): boolean => error instanceof CloudError && error.code === code;

async function find(name: string, context: AwsContext): Promise<Queue | undefined> {
  try {
    const queue = (await context.execute('queues.get', { id: name })) as Queue;
    // A part of an id finds a queue too.
    return queue.name === name ? queue : undefined;
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** A queue can be created as often as one likes, with the attributes that it has. */
async function refuseDifference(
  queue: Queue,
  wanted: Readonly<Record<string, string>>,
  context: AwsContext,
): Promise<void> {
  const has = await showAttributes(queue, Object.keys(wanted), context);
  for (const [name, value] of Object.entries(wanted)) {
    const read = (text: string): string => JSON.stringify(readAttribute(name, text, context));
    const same = name in has ? read(has[name]!) === read(value) : value === '';
    if (!same)
      throw new SqsError(
        'QueueNameExists',
        `A queue already exists with the same name and a different value for attribute ${name}: '${has[name] ?? ''}'`,
      );
  }
}
