import { CloudError } from '../../kernel/errors.ts';

/** The queue service's own codes and their HTTP status. */
export const QUEUE_ERRORS = {
  /** The handle cannot be read, or belongs to another queue. */
  RECEIPT_HANDLE_INVALID: 400,
  /** The message is not with the holder of this handle any more, so that its visibility cannot be changed. */
  MESSAGE_NOT_IN_FLIGHT: 400,
  /** No message of the queue is with the holder of this handle: it was deleted or received by somebody else. */
  MESSAGE_NOT_FOUND: 404,
  /** Two entries of a batch have the same id. */
  BATCH_IDS_NOT_DISTINCT: 400,
  /** The messages of a batch hold too many bytes together. */
  BATCH_TOO_LARGE: 400,
  /** Body and attributes hold more bytes than the queue allows. */
  MESSAGE_TOO_LARGE: 400,
  /** Characters that SQS does not accept. */
  MESSAGE_CONTENT_INVALID: 400,
  /** More messages of the queue are in flight than it may have. */
  TOO_MANY_IN_FLIGHT: 429,
  /** The queue was purged less than a minute ago. */
  PURGE_IN_PROGRESS: 409,
} as const;

const queueError = (code: keyof typeof QUEUE_ERRORS, message: string): CloudError =>
  new CloudError(code, QUEUE_ERRORS[code], message);

export const receiptHandleInvalid = (handle: string): CloudError =>
  queueError(
    'RECEIPT_HANDLE_INVALID',
    `receipt handle '${handle.slice(0, 80)}' is not of a message of this queue; use the one that came with the message`,
  );
export const messageNotFound = (handle: string): CloudError =>
  queueError(
    'MESSAGE_NOT_FOUND',
    `no message has the receipt handle '${handle.slice(0, 80)}' any more: it was deleted, or received again with a new handle`,
  );
export const batchIdsNotDistinct = (id: string): CloudError =>
  queueError('BATCH_IDS_NOT_DISTINCT', `id '${id}' occurs twice in the batch; give each entry an id of its own`);
export const batchTooLarge = (size: number, max: number): CloudError =>
  queueError(
    'BATCH_TOO_LARGE',
    `the messages of the batch have ${size} bytes together, more than ${max}; send fewer at a time`,
  );
export const messageNotInFlight = (): CloudError =>
  queueError(
    'MESSAGE_NOT_IN_FLIGHT',
    'the message is not in flight: it was deleted, or its visibility timeout has passed; receive it again',
  );
export const messageTooLarge = (size: number, max: number): CloudError =>
  queueError(
    'MESSAGE_TOO_LARGE',
    `the message has ${size} bytes with its attributes, and the queue takes ${max}; send less, or raise max_message_size`,
  );
export const messageContentInvalid = (what: string): CloudError =>
  queueError(
    'MESSAGE_CONTENT_INVALID',
    `${what} has a character that messages cannot hold; allowed are U+0009, U+000A, U+000D and U+0020 to U+D7FF, U+E000 to U+FFFD, U+10000 to U+10FFFF`,
  );
export const tooManyInFlight = (max: number): CloudError =>
  queueError('TOO_MANY_IN_FLIGHT', `${max} messages of the queue are in flight; delete some before you receive more`);
export const purgeInProgress = (name: string): CloudError =>
  queueError('PURGE_IN_PROGRESS', `queue '${name}' was purged less than 60 s ago; wait before you purge it again`);
