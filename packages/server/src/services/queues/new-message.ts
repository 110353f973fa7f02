import type { Static } from 'typebox';
import { invalidInput } from '../../kernel/errors.ts';
import { newId, sha256Hex } from '../../kernel/ids.ts';
import { messageTooLarge } from './errors.ts';
import { type Attributes, refuseForbiddenCharacters, sizeOf } from './message.ts';
import type { messageOperations } from './message-operations.ts';
import type { NewMessage } from './plane.ts';
import type { QueueRow } from './queue.ts';

export type MessageInput = Omit<Static<(typeof messageOperations)['send']['input']>, 'id'>;

/** A message as it is stored, from what a caller sends. Throws a CloudError where the queue does not take it. */
export function newMessage(queue: QueueRow, input: MessageInput, sender: string, now: Date): NewMessage {
  const { body, attributes, delay_seconds: delay, trace_header: traceHeader } = input;
  const size = checkContent(body, attributes);
  if (traceHeader !== undefined) refuseForbiddenCharacters('trace_header', traceHeader);
  if (size > queue.max_message_size) throw messageTooLarge(size, queue.max_message_size);
  return {
    id: newId(now.getTime()),
    body,
    attributes: attributes ? JSON.stringify(attributes) : null,
    traceHeader: traceHeader ?? null,
    size,
    sender,
    delaySeconds: delay ?? queue.delay_seconds,
    ...(queue.fifo ? fifoMembers(queue, input) : standardMembers(queue, input)),
  };
}

/** Bytes of a message. Throws a CloudError where no queue takes it. */
export function checkContent(body: string, attributes: Attributes | undefined): number {
  refuseForbiddenCharacters('the body', body);
  if (attributes) refuseBadAttributes(attributes);
  return sizeOf(body, attributes);
}

type Members = Pick<NewMessage, 'groupId' | 'deduplicationId'>;

function fifoMembers(queue: QueueRow, input: MessageInput): Members {
  const { body, delay_seconds: delay, group_id: groupId, deduplication_id: deduplicationId } = input;
  if (groupId === undefined) throw invalidInput(`group_id is required, because '${queue.name}' is a FIFO queue`);
  if (delay !== undefined && delay !== queue.delay_seconds)
    throw invalidInput(
      `delay_seconds cannot be set for a message of a FIFO queue; '${queue.name}' delays all by ${queue.delay_seconds} s`,
    );
  if (deduplicationId === undefined && !queue.content_based_deduplication)
    throw invalidInput(
      `deduplication_id is required, because '${queue.name}' is a FIFO queue without content_based_deduplication`,
    );
  return { groupId, deduplicationId: deduplicationId ?? sha256Hex(body) };
}

function standardMembers(queue: QueueRow, input: MessageInput): Members {
  if (input.deduplication_id !== undefined)
    throw invalidInput(`deduplication_id is for FIFO queues, and '${queue.name}' is a standard queue; remove it`);
  return { groupId: input.group_id ?? null, deduplicationId: null };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** What SQS takes for a number: up to 38 digits and an exponent. */
const NUMBER = /^[+-]?(?=[\d.]{1,39}(?:[eE]|$))(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

function refuseBadAttributes(attributes: Attributes): void {
  for (const [name, { type, value }] of Object.entries(attributes)) {
    if (/^aws\.|^amazon\./i.test(name) || /^\.|\.$|\.\./.test(name))
      throw invalidInput(
        `attribute '${name}' has a name that SQS does not accept: it begins with AWS. or Amazon., or has a dot at an end or two in a row`,
      );
    if (value === '') throw invalidInput(`attribute '${name}' is empty; give it a value or leave it out`);
    if (type.startsWith('Binary') && !BASE64.test(value)) throw invalidInput(`attribute '${name}' is not valid base64`);
    if (type.startsWith('Number') && !NUMBER.test(value))
      throw invalidInput(`attribute '${name}' is '${value.slice(0, 50)}', which is not a number of up to 38 digits`);
    refuseForbiddenCharacters(`attribute '${name}'`, `${type}${value}`);
  }
}
