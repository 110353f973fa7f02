import Type, { type TSchema } from 'typebox';
import { byRef, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { LIMITS } from './queue.ts';

const target = { kind: 'queue', param: 'id' } as const;
const write = { permission: 'queue:write' } as const;
const read = { permission: 'queue:read' } as const;
const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });
const handle = Type.String({ minLength: 1, maxLength: 1024, description: 'receipt_handle of the received message' });
const visibility = Type.Integer({
  minimum: 0,
  maximum: LIMITS.visibilityTimeout,
  description: 'Seconds from now; 0 makes the message visible at once',
});

const AttributeValue = Type.Object(
  {
    type: Type.String({
      minLength: 1,
      maxLength: 256,
      pattern: '^(String|Number|Binary)(\\.[^\\u0000]+)?$',
      'x-form': 'String, Number or Binary, with a suffix of your own after a dot if you like',
    }),
    value: Type.String({ description: 'Base64 if the type is Binary' }),
  },
  { additionalProperties: false },
);
export const MessageAttributes = Type.Record(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,256}$' }), AttributeValue, {
  maxProperties: LIMITS.attributes,
  additionalProperties: false,
  'x-form': 'letters, digits, _, - and .',
  description: 'Up to ten, by name',
});

export const Message = Type.Object(
  {
    id,
    queue_id: id,
    body: Type.String(),
    md5: Type.String({ description: 'MD5 of the body, in hex' }),
    size: Type.Integer({ description: 'Bytes of the body and the attributes' }),
    attributes: Type.Optional(MessageAttributes),
    receipt_handle: Type.Optional(Type.String({ description: 'Deletes the message, or changes its visibility' })),
    visible_at: Type.Optional(time),
    received_count: Type.Integer(),
    first_received_at: Type.Optional(time),
    group_id: Type.Optional(Type.String()),
    deduplication_id: Type.Optional(Type.String()),
    sequence_number: Type.Optional(Type.String({ description: 'The order in a FIFO queue: 20 digits' })),
    dead_letter_source: Type.Optional(
      Type.String({ format: 'uuid', description: 'Id of the queue from which it came into this dead-letter queue' }),
    ),
    sender: Type.Optional(Type.String({ format: 'uuid', description: 'Id of the user who sent it' })),
    trace_header: Type.Optional(Type.String()),
    created_at: time,
  },
  { $id: 'QueueMessage' },
);

/** What a sent message is answered with. */
const Sent = {
  id,
  queue_id: id,
  md5: Type.String({ description: 'MD5 of the body, in hex' }),
  sequence_number: Type.Optional(Type.String({ description: 'The order in a FIFO queue: 20 digits' })),
  created_at: time,
};

/** The members of a message that is sent. */
const message = {
  body: Type.String({ minLength: 1, maxLength: LIMITS.messageSize.max }),
  delay_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.delay,
      description: "Seconds for which the message is hidden; default the queue's. Not of a FIFO queue",
    }),
  ),
  attributes: Type.Optional(MessageAttributes),
  group_id: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$',
      'x-form': 'letters, digits and punctuation, without blanks',
      description: 'The message group; needed for a FIFO queue',
    }),
  ),
  deduplication_id: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$',
      'x-form': 'letters, digits and punctuation, without blanks',
      description: 'Of a FIFO queue: a message with the same one within five minutes is not stored again',
    }),
  ),
  trace_header: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'AWSTraceHeader of X-Ray' })),
};

const entryId = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,80}$',
  'x-form': '1 to 80 letters, digits, - and _',
  description: 'Names the entry in the answer; unique in the batch',
});
const Failed = Type.Array(Type.Object({ id: Type.String(), code: Type.String(), message: Type.String() }));
const Done = Type.Object({ successful: Type.Array(Type.Object({ id: Type.String() })), failed: Failed });
const batchOf = <const T extends Record<string, TSchema>>(members: T) =>
  Type.Array(Type.Object({ id: entryId, ...members }, { additionalProperties: false }), {
    minItems: 1,
    maxItems: LIMITS.batch,
  });

/** Room for the largest message or batch, whose characters JSON may write as six bytes each. */
const bodyLimit = 4 << 20;

const data = { plane: 'data', target, console: 'custom' } as const;

/** The data plane: no audit row and no Idempotency-Key. */
export const messageOperations = {
  send: operation({
    ...data,
    summary: 'Send a message',
    effect: 'create',
    http: { method: 'POST', path: '/queues/:id/messages' },
    input: Type.Object({ id: ref, ...message }, { additionalProperties: false }),
    output: Type.Object(Sent),
    errors: ['MESSAGE_TOO_LARGE', 'MESSAGE_CONTENT_INVALID', 'QUOTA_EXCEEDED'],
    bodyLimit,
    ...write,
    cli: { args: ['id', 'body'], custom: true, flags: { delay_seconds: 'delay', group_id: 'group' } },
  }),
  sendBatch: operation({
    ...data,
    summary: 'Send up to ten messages',
    description: 'Each is stored or refused for itself; together they hold at most 1 MiB.',
    effect: 'create',
    http: { method: 'POST', path: '/queues/:id/messages/batch', status: 200 },
    input: Type.Object({ id: ref, entries: batchOf(message) }, { additionalProperties: false }),
    output: Type.Object({
      successful: Type.Array(Type.Object({ ...Sent, id: Type.String(), message_id: id })),
      failed: Failed,
    }),
    errors: ['BATCH_TOO_LARGE', 'BATCH_IDS_NOT_DISTINCT', 'QUOTA_EXCEEDED'],
    bodyLimit,
    ...write,
    cli: 'custom',
  }),
  receive: operation({
    ...data,
    summary: 'Receive messages',
    description:
      'Answers up to max_messages messages, and hides each from other receivers until its visibility timeout has passed or it is deleted. With wait_seconds the call waits for the first message.',
    effect: 'action',
    http: { method: 'GET', path: '/queues/:id/messages' },
    input: Type.Object(
      {
        id: ref,
        max_messages: Type.Optional(
          Type.Integer({ minimum: 1, maximum: LIMITS.batch, default: 1, description: 'Default 1' }),
        ),
        wait_seconds: Type.Optional(
          Type.Integer({ minimum: 0, maximum: LIMITS.wait, description: "Default the queue's receive_wait_seconds" }),
        ),
        visibility_timeout: Type.Optional(
          Type.Integer({ minimum: 0, maximum: LIMITS.visibilityTimeout, description: "Seconds; default the queue's" }),
        ),
        attempt_id: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 128,
            description:
              'Of a FIFO queue: a repeated call with the same id gets the same messages again while they are in flight, for five minutes',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Type.Array(Message),
    errors: ['TOO_MANY_IN_FLIGHT'],
    ...read,
    cli: {
      args: ['id'],
      custom: true,
      flags: { max_messages: 'max', wait_seconds: 'wait', visibility_timeout: 'visibility' },
      columns: ['receipt_handle', 'received_count', 'body'],
      description:
        'Prints up to --max messages, and hides each from other receivers until its visibility timeout has passed or it is deleted. With --wait the command waits for the first message.',
    },
  }),
  peek: operation({
    ...data,
    summary: 'Look at messages without receiving them',
    description: 'The messages that become visible first; nothing changes.',
    effect: 'read',
    http: { method: 'GET', path: '/queues/:id/messages/peek' },
    input: Type.Object(
      {
        id: ref,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'Default 10' })),
      },
      { additionalProperties: false },
    ),
    output: Type.Array(Message),
    ...read,
    cli: { args: ['id'], columns: ['id', 'received_count', 'visible_at', 'size', 'body'] },
  }),
  deleteMessage: operation({
    ...data,
    summary: 'Delete a received message',
    effect: 'action',
    http: { method: 'DELETE', path: '/queues/:id/messages/:receipt_handle', status: 204 },
    input: Type.Object({ id: ref, receipt_handle: handle }, { additionalProperties: false }),
    output: Type.Object({}),
    errors: ['RECEIPT_HANDLE_INVALID', 'MESSAGE_NOT_FOUND'],
    ...write,
    cli: { args: ['id', 'receipt_handle'], custom: true },
  }),
  deleteMessages: operation({
    ...data,
    summary: 'Delete up to ten received messages',
    effect: 'action',
    http: { method: 'POST', path: '/queues/:id/messages/delete' },
    input: Type.Object({ id: ref, entries: batchOf({ receipt_handle: handle }) }, { additionalProperties: false }),
    output: Done,
    errors: ['BATCH_IDS_NOT_DISTINCT'],
    bodyLimit: 32 << 10,
    ...write,
    cli: 'custom',
  }),
  changeVisibility: operation({
    ...data,
    summary: 'Change how long a received message stays hidden',
    effect: 'action',
    http: { method: 'PATCH', path: '/queues/:id/messages/:receipt_handle' },
    input: Type.Object(
      { id: ref, receipt_handle: handle, visibility_timeout: visibility },
      { additionalProperties: false },
    ),
    output: Type.Object({ visible_at: time }),
    errors: ['RECEIPT_HANDLE_INVALID', 'MESSAGE_NOT_IN_FLIGHT'],
    ...write,
    cli: { args: ['id', 'receipt_handle'], custom: true, flags: { visibility_timeout: 'visibility' } },
  }),
  changeVisibilities: operation({
    ...data,
    summary: 'Change the visibility of up to ten received messages',
    effect: 'action',
    http: { method: 'POST', path: '/queues/:id/messages/visibility' },
    input: Type.Object(
      { id: ref, entries: batchOf({ receipt_handle: handle, visibility_timeout: visibility }) },
      { additionalProperties: false },
    ),
    output: Done,
    errors: ['BATCH_IDS_NOT_DISTINCT'],
    bodyLimit: 32 << 10,
    ...write,
    cli: 'custom',
  }),
  stats: operation({
    ...data,
    summary: "Get a queue's numbers",
    description: 'Counted at most once a second, and less often when there are very many messages.',
    effect: 'read',
    http: { method: 'GET', path: '/queues/:id/stats' },
    input: byRef,
    output: Type.Object(
      {
        visible: Type.Integer(),
        in_flight: Type.Integer({ description: 'Received and neither deleted nor visible again' }),
        delayed: Type.Integer(),
        oldest_age_seconds: Type.Optional(Type.Integer({ description: 'Age of the oldest message' })),
        bytes: Type.Integer(),
        counted_at: time,
      },
      { $id: 'QueueStats' },
    ),
    ...read,
    cli: { args: ['id'] },
  }),
};
