import type { AwsContext } from '../../../kernel/aws-actions.ts';
import type { Message } from '../message.ts';
import type { SqsAction } from './action.ts';
import { digestOf } from './digests.ts';
import { attributesOut, chosen } from './message-attributes.ts';
import { arnOfQueue, queueNameIn } from './names.ts';

export const receiveMessage: SqsAction<'ReceiveMessage'> = async (input, context) => {
  const messages = (await context.execute('queues.receive', {
    id: queueNameIn(input.QueueUrl, context),
    max_messages: input.MaxNumberOfMessages,
    wait_seconds: input.WaitTimeSeconds,
    visibility_timeout: input.VisibilityTimeout,
    attempt_id: input.ReceiveRequestAttemptId,
  })) as readonly Message[];
  // SQS leaves the list out where it has nothing.
  if (messages.length === 0) return {};
  // The first is the older name of the second.
  const names: readonly string[] = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  const wanted = names.length === 0 ? undefined : names.includes('All') ? SYSTEM_ATTRIBUTES : names;
  const attributeNames = input.MessageAttributeNames ?? [];
  // The messages were taken: where their sources cannot be looked up, they go without.
  const sources = wanted?.includes(SOURCE) ? await sourcesOf(messages, context).catch(() => NO_SOURCES) : NO_SOURCES;
  return { Messages: messages.map((message) => show(message, wanted, attributeNames, sources)) };
};

type Sources = ReadonlyMap<string, string | undefined>;

function show(message: Message, wanted: readonly string[] | undefined, names: readonly string[], sources: Sources) {
  const attributes = message.attributes && names.length > 0 ? chosen(message.attributes, names) : undefined;
  const digest = attributes && digestOf(attributes);
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt_handle,
    MD5OfBody: message.md5,
    Body: message.body,
    Attributes: wanted && systemAttributes(message, wanted, sources),
    // Of those that are shown, which is what clients compare it with.
    MD5OfMessageAttributes: digest,
    MessageAttributes: attributes && digest ? attributesOut(attributes) : undefined,
  };
}

const millis = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : String(Date.parse(time));

const SOURCE = 'DeadLetterQueueSourceArn';
const NO_SOURCES: Sources = new Map();

/** A message's system attributes, by SQS's names. A message need not have each of them. */
const READERS: Readonly<Record<string, (message: Message, sources: Sources) => string | undefined>> = {
  SenderId: (message) => message.sender,
  SentTimestamp: (message) => millis(message.created_at),
  ApproximateReceiveCount: (message) => String(message.received_count),
  ApproximateFirstReceiveTimestamp: (message) => millis(message.first_received_at),
  SequenceNumber: (message) => message.sequence_number,
  MessageDeduplicationId: (message) => message.deduplication_id,
  MessageGroupId: (message) => message.group_id,
  AWSTraceHeader: (message) => message.trace_header,
  [SOURCE]: (message, sources) => message.dead_letter_source && sources.get(message.dead_letter_source),
};
const SYSTEM_ATTRIBUTES = Object.keys(READERS);

function systemAttributes(message: Message, wanted: readonly string[], sources: Sources): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of wanted) {
    // A queue's attribute may be named too, which no message has.
    const value = Object.hasOwn(READERS, name) ? READERS[name]!(message, sources) : undefined;
    if (value !== undefined) shown[name] = value;
  }
  return shown;
}

/** The ARNs of the queues from which messages came into this dead-letter queue, by their ids. */
async function sourcesOf(messages: readonly Message[], context: AwsContext): Promise<Sources> {
  const ids = new Set(messages.flatMap(({ dead_letter_source: id }) => (id === undefined ? [] : [id])));
  if (ids.size === 0) return NO_SOURCES;
  return new Map(await Promise.all([...ids].map(async (id) => [id, await arnOfQueue(context, id)] as const)));
}
