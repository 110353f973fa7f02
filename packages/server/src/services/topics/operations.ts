import Type from 'typebox';
import { deleteOperation, getOperation, listOperation, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { MessageAttributes } from '../queues/index.ts';
import { Subscription } from './subscription.ts';
import { LIMITS, Topic } from './topic.ts';

const topic = { kind: 'topic', title: 'a topic', path: '/notify/topics', output: Topic } as const;
const subscription = {
  kind: 'subscription',
  title: 'a subscription',
  path: '/notify/subscriptions',
  output: Subscription,
} as const;
const publish = { permission: 'notify:publish' } as const;
const byId = Type.Object({ id: Type.String({ format: 'uuid' }) }, { additionalProperties: false });

const raw_delivery = Type.Optional(
  Type.Boolean({ description: 'The message as it is, with its attributes, in place of an envelope; default false' }),
);
const filter_scope = Type.Optional(
  Type.Enum(['attributes', 'body'], {
    description:
      'What the filter policy looks at: the message’s attributes, or its body, which is JSON; default attributes',
  }),
);
const policy = Type.String({
  minLength: 2,
  maxLength: LIMITS.filterPolicy,
  description:
    'Which messages it gets: a filter policy of SNS, as JSON, such as {"colour": ["red", {"prefix": "bl"}]}; default all',
});

const PublishedTo = Type.Object(
  {
    subscription_id: Type.String({ format: 'uuid' }),
    outcome: Type.String({ description: 'delivered, filtered or failed' }),
    message_id: Type.Optional(Type.String({ format: 'uuid', description: 'Of the message in the queue' })),
    error: Type.Optional(Type.String({ description: 'Why it failed' })),
  },
  { $id: 'PublishedTo' },
);

export const topicOperations = {
  create: operation({
    summary: 'Create a topic',
    effect: 'create',
    http: { method: 'POST', path: '/notify/topics' },
    input: Type.Object(
      {
        name: Type.String({
          pattern: '^[A-Za-z0-9_-]{1,256}$',
          'x-form': '1 to 256 letters, digits, hyphens and underscores',
        }),
      },
      { additionalProperties: false },
    ),
    output: Topic,
    creates: 'topic',
    answers: 'topic',
    uses: ['topics'],
    audit: 'notify.topic_create',
    event: 'TOPIC_CREATED',
    cli: { args: ['name'] },
  }),
  list: listOperation({ ...topic, title: 'topics' }, ['id', 'name', 'created_at']),
  get: getOperation(topic),
  delete: deleteOperation(topic, { description: 'Its subscriptions go with it.', audit: 'notify.topic_delete' }),
  publish: operation({
    summary: 'Publish a message to a topic',
    description:
      'The message is in the queues of all subscriptions whose filter policy it fits, or in none, when the call is answered.',
    effect: 'action',
    plane: 'data',
    http: { method: 'POST', path: '/notify/topics/:id/publish' },
    input: Type.Object(
      {
        id: ref,
        message: Type.String({ minLength: 1, maxLength: LIMITS.messageSize, description: 'At most 256 KiB' }),
        subject: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 100,
            pattern: '^[\\x21-\\x7e][\\x20-\\x7e]*$',
            'x-form': 'printable ASCII that does not begin with a blank',
            description: 'Shown in the envelope',
          }),
        ),
        attributes: Type.Optional(MessageAttributes),
      },
      { additionalProperties: false },
    ),
    output: Type.Object(
      {
        id: Type.String({ format: 'uuid', description: 'Of the published message; the envelopes have it' }),
        deliveries: Type.Array(PublishedTo, { maxItems: LIMITS.subscriptions }),
      },
      { $id: 'Published' },
    ),
    target: { kind: 'topic', param: 'id' },
    errors: ['QUOTA_EXCEEDED'],
    bodyLimit: 2 << 20,
    console: 'custom',
    cli: { args: ['id', 'message'] },
    ...publish,
  }),
  subscribe: operation({
    summary: 'Subscribe a queue to a topic',
    description: 'Needs the permission queue:write too.',
    effect: 'create',
    http: { method: 'POST', path: '/notify/topics/:id/subscriptions' },
    input: Type.Object(
      {
        id: ref,
        protocol: Type.Optional(Type.Enum(['queue'], { description: 'What the endpoint is; default queue' })),
        endpoint: Type.String({ minLength: 1, maxLength: 512, description: 'Id, name or ARN of the queue' }),
        raw_delivery,
        filter_policy: Type.Optional(policy),
        filter_scope,
      },
      { additionalProperties: false },
    ),
    output: Subscription,
    target: { kind: 'topic', param: 'id' },
    creates: 'subscription',
    answers: 'subscription',
    references: { endpoint: 'queue' },
    errors: ['NOT_FOUND'],
    bodyLimit: 2 * LIMITS.filterPolicy,
    console: 'custom',
    audit: 'notify.subscribe',
    event: 'SUBSCRIPTION_CREATED',
    cli: { args: ['id', 'endpoint'] },
    ...publish,
  }),
  subscriptions: operation({
    summary: 'List the subscriptions of a topic',
    effect: 'list',
    http: { method: 'GET', path: '/notify/topics/:id/subscriptions' },
    input: Type.Object({ id: ref, ...pageInput }, { additionalProperties: false }),
    output: Subscription,
    target: { kind: 'topic', param: 'id' },
    console: 'custom',
    cli: { args: ['id'], columns: ['id', 'protocol', 'endpoint', 'raw_delivery', 'filter_scope'] },
  }),
  getSubscription: getOperation(subscription, { input: byId, console: 'custom' }),
  updateSubscription: operation({
    summary: 'Change a subscription',
    effect: 'update',
    http: { method: 'PUT', path: '/notify/subscriptions/:id' },
    input: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        raw_delivery,
        filter_policy: Type.Optional(Type.Union([policy, Type.Null()], { description: 'null: all messages' })),
        filter_scope,
      },
      { additionalProperties: false },
    ),
    output: Subscription,
    target: { kind: 'subscription', param: 'id' },
    answers: 'subscription',
    bodyLimit: 2 * LIMITS.filterPolicy,
    console: 'custom',
    audit: 'notify.subscription_update',
    cli: { args: ['id'] },
    ...publish,
  }),
  unsubscribe: deleteOperation(subscription, {
    summary: 'Delete a subscription',
    input: byId,
    console: 'custom',
    audit: 'notify.unsubscribe',
  }),
} as const;
