import Type from 'typebox';
import { byRef, deleteOperation, getOperation, listOperation, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { LIMITS, Queue } from './queue.ts';

const queue = { kind: 'queue', title: 'a queue', path: '/queues', output: Queue } as const;
const target = { kind: 'queue', param: 'id' } as const;
const write = { permission: 'queue:write' } as const;

const labels = Type.Record(Type.String({ pattern: '^.{1,128}$' }), Type.String({ maxLength: 256 }), {
  maxProperties: LIMITS.labels,
  additionalProperties: false,
  'x-form': '1 to 128 characters on one line',
});

/** What can be set when a queue is created and later. */
const attributes = {
  visibility_timeout: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.visibilityTimeout,
      description: 'Seconds for which a received message is hidden from other receivers; default 30',
    }),
  ),
  retention_seconds: Type.Optional(
    Type.Integer({
      minimum: LIMITS.retention.min,
      maximum: LIMITS.retention.max,
      description: 'Seconds after which a message that nobody deleted expires; default 345600, four days',
    }),
  ),
  retention_days: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 14, description: 'In place of retention_seconds' }),
  ),
  max_message_size: Type.Optional(
    Type.Integer({
      minimum: LIMITS.messageSize.min,
      maximum: LIMITS.messageSize.max,
      description: 'Most bytes of a message with its attributes; default 262144',
    }),
  ),
  delay_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.delay,
      description: 'Seconds for which a new message is hidden; default 0',
    }),
  ),
  receive_wait_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.wait,
      description: 'Seconds for which a receive call waits for a message, unless it says otherwise; default 0',
    }),
  ),
  content_based_deduplication: Type.Optional(
    Type.Boolean({
      description: 'Of a FIFO queue: a message without a deduplication id gets the SHA-256 of its body; default false',
    }),
  ),
  deduplication_scope: Type.Optional(
    Type.Enum(['queue', 'message_group'], {
      description: 'Of a FIFO queue: where a deduplication id is unique; default queue',
    }),
  ),
  fifo_throughput: Type.Optional(
    Type.Enum(['per_queue', 'per_message_group'], {
      description: 'Of a FIFO queue: kept for AWS clients, without effect here; default per_queue',
    }),
  ),
  access_policy: Type.Optional(
    Type.String({
      maxLength: 8_192,
      description: 'A policy document of AWS, as JSON, that names your own account only; empty removes it',
    }),
  ),
};

/** Where messages go that were received too often, and which queues may send theirs here. An update clears each with null. */
const redrive = {
  dead_letter_queue_id: Type.Optional(
    Type.Union([ref, Type.Null()], {
      description: 'Id or name of the queue that gets messages which were received max_receive_count times',
    }),
  ),
  max_receive_count: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: LIMITS.maxReceiveCount }), Type.Null()], {
      description: 'Needed with dead_letter_queue_id: how often a message is received before it goes there',
    }),
  ),
  redrive_allow: Type.Optional(
    Type.Union(
      [
        Type.Object(
          {
            permission: Type.Enum(['allow_all', 'deny_all', 'by_queue']),
            source_queue_ids: Type.Optional(Type.Array(ref, { maxItems: 10 })),
          },
          { additionalProperties: false },
        ),
        Type.Null(),
      ],
      { description: 'Which queues may use this one as their dead-letter queue; default all of the tenant' },
    ),
  ),
};

export const MoveTask = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    source_queue_id: Type.String({ format: 'uuid' }),
    destination_queue_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'Absent: each message goes to the queue from which it came' }),
    ),
    status: Type.String({ description: 'RUNNING, COMPLETED, CANCELLED or FAILED' }),
    moved: Type.Integer({ description: 'Messages that were moved so far' }),
    to_move: Type.Integer({ description: 'Messages that were there when the task began' }),
    max_per_second: Type.Optional(Type.Integer()),
    failure_reason: Type.Optional(Type.String()),
    version: Type.Integer(),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'QueueMoveTask' },
);

const bodyLimit = 32 << 10;

export const queueOperations = {
  create: operation({
    summary: 'Create a queue',
    description:
      'A queue whose name ends in .fifo is a FIFO queue: its messages are received in order within each message group, and sent once within five minutes for each deduplication id.',
    effect: 'create',
    http: { method: 'POST', path: '/queues' },
    input: Type.Object(
      {
        name: Type.String({
          minLength: 1,
          maxLength: 80,
          pattern: '^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\\.fifo$',
          'x-form': 'letters, digits, - and _ only, and .fifo at the end of a FIFO queue',
          description: 'Up to 80 letters, digits, - and _; unique in the tenant; ends in .fifo for a FIFO queue',
        }),
        ...attributes,
        ...redrive,
        labels: Type.Optional(labels),
      },
      { additionalProperties: false },
    ),
    output: Queue,
    errors: ['NOT_FOUND'],
    creates: 'queue',
    uses: ['queues'],
    answers: 'queue',
    references: { dead_letter_queue_id: 'queue' },
    event: 'QUEUE_CREATED',
    bodyLimit,
    cli: { args: ['name'] },
  }),
  list: listOperation({ ...queue, title: 'queues' }, ['id', 'name', 'fifo', 'visibility_timeout', 'created_at'], {
    input: Type.Object(
      {
        ...pageInput,
        prefix: Type.Optional(
          Type.String({ minLength: 1, maxLength: 80, description: 'Only queues whose name begins so' }),
        ),
      },
      { additionalProperties: false },
    ),
  }),
  get: getOperation(queue),
  update: operation({
    summary: 'Change a queue',
    description: 'What is not given stays as it is. The name cannot be changed.',
    effect: 'update',
    http: { method: 'PATCH', path: '/queues/:id' },
    input: Type.Object({ id: ref, ...attributes, ...redrive }, { additionalProperties: false }),
    output: Queue,
    errors: ['NOT_FOUND'],
    target,
    answers: 'queue',
    references: { dead_letter_queue_id: 'queue' },
    bodyLimit,
    ...write,
    cli: { args: ['id'] },
  }),
  delete: deleteOperation(queue, {
    description: 'Deletes the queue and its messages. The name is free at once.',
    event: 'QUEUE_DELETED',
  }),
  purge: operation({
    summary: 'Delete all messages of a queue',
    description: 'No message that was sent before is received any more. A queue can be purged once in 60 s.',
    effect: 'action',
    http: { method: 'POST', path: '/queues/:id/purge', status: 204 },
    input: byRef,
    output: Type.Object({}),
    errors: ['PURGE_IN_PROGRESS'],
    target,
    event: 'QUEUE_PURGED',
    ...write,
    cli: { args: ['id'] },
  }),
  setLabels: operation({
    summary: 'Add labels to a queue, or change them',
    effect: 'update',
    http: { method: 'POST', path: '/queues/:id/labels' },
    input: Type.Object({ id: ref, labels }, { additionalProperties: false }),
    output: Queue,
    target,
    answers: 'queue',
    bodyLimit,
    ...write,
    cli: { args: ['id'] },
  }),
  removeLabels: operation({
    summary: 'Remove labels from a queue',
    effect: 'update',
    http: { method: 'DELETE', path: '/queues/:id/labels' },
    input: Type.Object(
      {
        id: ref,
        keys: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: LIMITS.labels }),
      },
      { additionalProperties: false },
    ),
    output: Queue,
    target,
    answers: 'queue',
    ...write,
    cli: { args: ['id'], flags: { keys: 'key' } },
  }),
  deadLetterSources: operation({
    summary: 'List the queues that use a queue as their dead-letter queue',
    effect: 'list',
    http: { method: 'GET', path: '/queues/:id/dead-letter-sources' },
    input: Type.Object({ id: ref, ...pageInput }, { additionalProperties: false }),
    output: Queue,
    target,
    answers: 'queue',
    cli: { args: ['id'], columns: ['id', 'name', 'max_receive_count'] },
    console: 'custom',
  }),
  redrive: operation({
    summary: 'Move the messages of a dead-letter queue back',
    description:
      'Starts a task that moves the messages which are in the queue now: to the destination, or each to the queue from which it came. One task of a queue runs at a time.',
    effect: 'create',
    http: { method: 'POST', path: '/queues/:id/redrive', status: 202 },
    input: Type.Object(
      {
        id: ref,
        destination_id: Type.Optional(
          Type.String({ minLength: 1, maxLength: 255, description: 'Id or name of the queue that gets the messages' }),
        ),
        max_per_second: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 500,
            description: 'Most messages a second; default as fast as possible',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: MoveTask,
    errors: ['CONFLICT'],
    targets: [target],
    creates: 'queue_move_task',
    answers: 'queue_move_task',
    references: { destination_id: 'queue' },
    event: 'QUEUE_REDRIVE_STARTED',
    ...write,
    cli: { args: ['id'], flags: { destination_id: 'to', max_per_second: 'rate' } },
    console: 'custom',
  }),
  redriveTasks: operation({
    summary: 'List the tasks that move messages out of a queue',
    description: 'The newest first; tasks that ended are kept for 30 days.',
    effect: 'list',
    http: { method: 'GET', path: '/queues/:id/redrive' },
    input: Type.Object({ id: ref, ...pageInput }, { additionalProperties: false }),
    output: MoveTask,
    target,
    answers: 'queue_move_task',
    cli: { args: ['id'], columns: ['id', 'status', 'moved', 'to_move', 'created_at'] },
    console: 'custom',
  }),
  cancelRedrive: operation({
    summary: 'Cancel a task that moves messages',
    description: 'What was moved stays moved.',
    effect: 'action',
    http: { method: 'POST', path: '/queues/:id/redrive/:task/cancel' },
    input: Type.Object({ id: ref, task: ref }, { additionalProperties: false }),
    output: MoveTask,
    errors: ['CONFLICT'],
    targets: [target, { kind: 'queue_move_task', param: 'task' }],
    answers: 'queue_move_task',
    event: 'QUEUE_REDRIVE_CANCELLED',
    ...write,
    cli: { args: ['id', 'task'] },
    console: 'custom',
  }),
};
