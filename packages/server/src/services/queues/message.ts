import type { Static } from 'typebox';
import { md5Hex, randomHex } from '../../kernel/ids.ts';
import { messageContentInvalid, receiptHandleInvalid } from './errors.ts';
import type { Message, MessageAttributes } from './message-operations.ts';

export type Attributes = Static<typeof MessageAttributes>;
export type Message = Static<typeof Message>;

/** A row of `queue_messages` as a receiver gets it. */
export interface MessageRow {
  readonly id: string;
  readonly queue_id: string;
  readonly body: string;
  /** JSON of {@link Attributes}. */
  readonly attributes: string | null;
  readonly trace_header: string | null;
  readonly size: number;
  readonly sender: string | null;
  readonly receipt_handle: string | null;
  readonly visible_after: Date | null;
  readonly received_count: number;
  readonly first_received_at: Date | null;
  readonly group_id: string | null;
  readonly deduplication_id: string | null;
  /** A bigint, as text. */
  readonly sequence_number: string | null;
  readonly dead_letter_source: string | null;
  readonly created_at: Date;
}

export const MESSAGE_COLUMNS = `id, queue_id, body, attributes, trace_header, size, sender, receipt_handle, visible_after, received_count, first_received_at,
  group_id, deduplication_id, sequence_number, dead_letter_source, created_at`;

/** 20 digits, as AWS writes it: texts sort as the numbers do. */
export const sequenceText = (sequence: string): string => sequence.padStart(20, '0');

/** A message as the wire shows it. A handle is shown only to who received the message. */
export function presentMessage(row: MessageRow, showsHandle: boolean): Message {
  return {
    id: row.id,
    queue_id: row.queue_id,
    body: row.body,
    md5: md5Hex(row.body),
    size: row.size,
    received_count: row.received_count,
    created_at: row.created_at.toISOString(),
    ...(row.attributes === null ? {} : { attributes: JSON.parse(row.attributes) as Attributes }),
    ...(showsHandle && row.receipt_handle !== null ? { receipt_handle: row.receipt_handle } : {}),
    ...(row.visible_after === null ? {} : { visible_at: row.visible_after.toISOString() }),
    ...(row.first_received_at === null ? {} : { first_received_at: row.first_received_at.toISOString() }),
    ...(row.group_id === null ? {} : { group_id: row.group_id }),
    ...(row.deduplication_id === null ? {} : { deduplication_id: row.deduplication_id }),
    ...(row.sequence_number === null ? {} : { sequence_number: sequenceText(row.sequence_number) }),
    ...(row.dead_letter_source === null ? {} : { dead_letter_source: row.dead_letter_source }),
    ...(row.sender === null ? {} : { sender: row.sender }),
    ...(row.trace_header === null ? {} : { trace_header: row.trace_header }),
  };
}

/** Bytes of a message as SQS counts them: the body, and each attribute's name, type and value. A binary value counts decoded. */
export function sizeOf(body: string, attributes: Attributes = {}): number {
  let size = Buffer.byteLength(body);
  for (const [name, { type, value }] of Object.entries(attributes))
    size +=
      Buffer.byteLength(name) +
      Buffer.byteLength(type) +
      (type.startsWith('Binary') ? Buffer.byteLength(value, 'base64') : Buffer.byteLength(value));
  return size;
}

/** What XML 1.0 cannot hold, and lone surrogates. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Throws MESSAGE_CONTENT_INVALID. `what` begins the sentence: `the body`. */
export function refuseForbiddenCharacters(what: string, text: string): void {
  if (FORBIDDEN.test(text)) throw messageContentInvalid(what);
}

/** Hex digits of a message id, of what stands for the queue, and of chance. */
const HANDLE = /^[0-9a-f]{56}$/;

const queueMark = (queueId: string): string => queueId.slice(-8);

/** What follows the messages' ids in the receipt handles of one request, before each message's place. */
export const newNonce = (queueId: string): string => queueMark(queueId) + randomHex(6);

/** The message that a handle is of. Throws RECEIPT_HANDLE_INVALID if it is not one of a message of the queue. */
export function messageIdOf(handle: string, queueId: string): string {
  if (!HANDLE.test(handle) || handle.slice(32, 40) !== queueMark(queueId)) throw receiptHandleInvalid(handle);
  return handle.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
