// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { Published, Subscription, Topic } from './models.ts';

export interface TopicsCreateInput {
  readonly name: string;
}

export interface TopicsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface TopicsGetInput {
  /** Id or name */
  readonly id: string;
}

export interface TopicsDeleteInput {
  /** Id or name */
  readonly id: string;
}

export interface TopicsDeleteOutput {
  readonly message: string;
}

export interface TopicsPublishInput {
  /** Id or name */
  readonly id: string;
  /** At most 256 KiB */
  readonly message: string;
  /** Shown in the envelope */
  readonly subject?: string | undefined;
  /** Up to ten, by name */
  readonly attributes?: Readonly<Record<string, {
    readonly type: string;
    /** Base64 if the type is Binary */
    readonly value: string;
  }>> | undefined;
}

export interface TopicsSubscribeInput {
  /** Id or name */
  readonly id: string;
  /** What the endpoint is; default queue */
  readonly protocol?: "queue" | undefined;
  /** Id, name or ARN of the queue */
  readonly endpoint: string;
  /** The message as it is, with its attributes, in place of an envelope; default false */
  readonly raw_delivery?: boolean | undefined;
  /** Which messages it gets: a filter policy of SNS, as JSON, such as {"colour": ["red", {"prefix": "bl"}]}; default all */
  readonly filter_policy?: string | undefined;
  /** What the filter policy looks at: the message’s attributes, or its body, which is JSON; default attributes */
  readonly filter_scope?: "attributes" | "body" | undefined;
}

export interface TopicsSubscriptionsInput {
  /** Id or name */
  readonly id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface TopicsGetSubscriptionInput {
  readonly id: string;
}

export interface TopicsUpdateSubscriptionInput {
  readonly id: string;
  /** The message as it is, with its attributes, in place of an envelope; default false */
  readonly raw_delivery?: boolean | undefined;
  /** null: all messages */
  readonly filter_policy?: string | null | undefined;
  /** What the filter policy looks at: the message’s attributes, or its body, which is JSON; default attributes */
  readonly filter_scope?: "attributes" | "body" | undefined;
}

export interface TopicsUnsubscribeInput {
  readonly id: string;
}

export interface TopicsUnsubscribeOutput {
  readonly message: string;
}

export interface Topics {
  /**
   * Create a topic.
   * POST /notify/topics · permission notify:create
   */
  create(input: TopicsCreateInput, options?: CallOptions & KeyOption): Promise<Topic>;
  /**
   * List topics.
   * GET /notify/topics · permission notify:read
   */
  list(input?: TopicsListInput, options?: CallOptions): Promise<Page<Topic>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: TopicsListInput, options?: CallOptions): AsyncGenerator<Topic, void, undefined>;
  /**
   * Get a topic.
   * GET /notify/topics/:id · permission notify:read
   */
  get(input: TopicsGetInput | string, options?: CallOptions): Promise<Topic>;
  /**
   * Delete a topic.
   * Its subscriptions go with it.
   * DELETE /notify/topics/:id · permission notify:delete
   */
  delete(input: TopicsDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<TopicsDeleteOutput>;
  /**
   * Publish a message to a topic.
   * The message is in the queues of all subscriptions whose filter policy it fits, or in none, when the call is answered.
   * POST /notify/topics/:id/publish · permission notify:publish · errors QUOTA_EXCEEDED
   */
  publish(input: TopicsPublishInput, options?: CallOptions & VersionOption): Promise<Published>;
  /**
   * Subscribe a queue to a topic.
   * Needs the permission queue:write too.
   * POST /notify/topics/:id/subscriptions · permission notify:publish · errors NOT_FOUND
   */
  subscribe(input: TopicsSubscribeInput, options?: CallOptions & KeyOption & VersionOption): Promise<Subscription>;
  /**
   * List the subscriptions of a topic.
   * GET /notify/topics/:id/subscriptions · permission notify:read
   */
  subscriptions(input: TopicsSubscriptionsInput | string, options?: CallOptions): Promise<Page<Subscription>>;
  /** All of them, page by page as they are asked for. */
  subscriptionsAll(input: TopicsSubscriptionsInput | string, options?: CallOptions): AsyncGenerator<Subscription, void, undefined>;
  /**
   * Get a subscription.
   * GET /notify/subscriptions/:id · permission notify:read
   */
  getSubscription(input: TopicsGetSubscriptionInput | string, options?: CallOptions): Promise<Subscription>;
  /**
   * Change a subscription.
   * PUT /notify/subscriptions/:id · permission notify:publish
   */
  updateSubscription(input: TopicsUpdateSubscriptionInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Subscription>;
  /**
   * Delete a subscription.
   * DELETE /notify/subscriptions/:id · permission notify:delete
   */
  unsubscribe(input: TopicsUnsubscribeInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<TopicsUnsubscribeOutput>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Topic) => boolean, options?: WaitUntilOptions<Topic>): Promise<Topic>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<Topic>): Promise<void>;
}

const SPECS = {
  create: {"name":"topics.create","method":"POST","path":"/notify/topics","idempotent":true},
  list: {"name":"topics.list","method":"GET","path":"/notify/topics"},
  get: {"name":"topics.get","method":"GET","path":"/notify/topics/:id"},
  delete: {"name":"topics.delete","method":"DELETE","path":"/notify/topics/:id","idempotent":true},
  publish: {"name":"topics.publish","method":"POST","path":"/notify/topics/:id/publish"},
  subscribe: {"name":"topics.subscribe","method":"POST","path":"/notify/topics/:id/subscriptions","idempotent":true},
  subscriptions: {"name":"topics.subscriptions","method":"GET","path":"/notify/topics/:id/subscriptions"},
  getSubscription: {"name":"topics.getSubscription","method":"GET","path":"/notify/subscriptions/:id"},
  updateSubscription: {"name":"topics.updateSubscription","method":"PUT","path":"/notify/subscriptions/:id","idempotent":true},
  unsubscribe: {"name":"topics.unsubscribe","method":"DELETE","path":"/notify/subscriptions/:id","idempotent":true},
} as const;

export function createTopics(transport: Transport): Topics {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    publish: (input, options) => transport.call(SPECS.publish, { ...input }, options),
    subscribe: (input, options) => transport.call(SPECS.subscribe, { ...input }, options),
    subscriptions: (input, options) => transport.page(SPECS.subscriptions, typeof input === 'string' ? { id: input } : { ...input }, options),
    subscriptionsAll: (input, options) => listAll(transport, SPECS.subscriptions, typeof input === 'string' ? { id: input } : { ...input }, options),
    getSubscription: (input, options) => transport.call(SPECS.getSubscription, typeof input === 'string' ? { id: input } : { ...input }, options),
    updateSubscription: (input, options) => transport.call(SPECS.updateSubscription, typeof input === 'string' ? { id: input } : { ...input }, options),
    unsubscribe: (input, options) => transport.call(SPECS.unsubscribe, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Topic>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<Topic>(transport, SPECS.get, id, options),
  };
}
