import { isPermitted } from '../../kernel/caller.ts';
import { has } from '../../kernel/changes.ts';
import { conflict, forbidden, invalidInput, notFound } from '../../kernel/errors.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { countLive, holdRow, refuseIdAsName } from '../../kernel/resource.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import { findAccountNumber } from '../identity/index.ts';
import { queueNameInArn, QUEUES, type QueueRow } from '../queues/index.ts';
import { type FilterScope, readFilterPolicy } from './filter-policy.ts';
import type { topicOperations } from './operations.ts';
import { createPublish, type PublishDeps } from './publish.ts';
import { presentSubscription, type SubscriptionRow } from './subscription.ts';
import { createPgTopicRepository, type SubscriptionSpec } from './topic-repository.pg.ts';
import { LIMITS, type TopicRow, TOPICS } from './topic.ts';

type Ops = typeof topicOperations;

export interface TopicDeps extends PublishDeps {
  readonly region: string;
}

/** Throws FORBIDDEN: who has a topic send messages to a queue must be somebody who may send them. */
function requireSender({ caller }: Pick<Call, 'caller'>): void {
  if (caller.kind === 'user' && !isPermitted(caller.permissions, 'queue:write'))
    throw forbidden(
      `a subscription sends messages to its queue, which needs the permission 'queue:write' too; ask for it`,
    );
}

/** Throws INVALID_INPUT. */
function checked(spec: SubscriptionSpec): SubscriptionSpec {
  if (spec.filter_policy) readFilterPolicy(spec.filter_policy, spec.filter_scope);
  return spec;
}

/** Of the JSON that a caller gives; null: all messages. Throws INVALID_INPUT. */
function policyIn(text: string | null | undefined): SubscriptionSpec['filter_policy'] {
  if (text === null || text === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidInput(`filter_policy is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidInput('filter_policy must be a JSON object, such as {"colour": ["red"]}');
  return value as Readonly<Record<string, unknown>>;
}

export const createTopicHandlers = (
  deps: TopicDeps,
): Handlers<Ops, { topic: TopicRow; subscription: SubscriptionRow }> => {
  /** A live queue by id, name or ARN. Throws NOT_FOUND or INVALID_INPUT. */
  async function queueOf({ sql, tenantId }: Pick<Call, 'sql' | 'tenantId'>, ref: string): Promise<QueueRow> {
    const account = { region: deps.region, accountNumber: (await findAccountNumber(sql, tenantId))! };
    const name = ref.startsWith('arn:') ? queueNameInArn(ref, account) : ref;
    const queue = name === undefined ? undefined : await holdRow(sql, QUEUES, tenantId, name);
    if (!queue) throw notFound('queue', ref);
    if (queue.fifo)
      throw invalidInput(`'${queue.name}' is a FIFO queue, which topics cannot send to; use a standard queue`);
    return queue;
  }

  return {
    create: steps({
      async check({ input }) {
        refuseIdAsName(TOPICS, input.name);
      },
      quota: async ({ sql, tenantId }) => [
        { resource: 'topics', used: await countLive(sql, TOPICS, tenantId), wanted: 1 },
      ],
      async run({ sql, input: { name }, createdId: id, tenantId, userId, now }) {
        const account = await findAccountNumber(sql, tenantId);
        const row = await createPgTopicRepository(sql).insert({
          id,
          user_id: userId,
          tenant_id: tenantId,
          name,
          arn: `arn:aws:sns:${deps.region}:${account}:${name}`,
          created_at: now,
        });
        if (!row) throw conflict(`a topic named '${name}' already exists; choose another name`);
        return row;
      },
    }),

    async delete({ sql, target }) {
      await createPgTopicRepository(sql).remove(target.id);
      return { message: `topic '${target.name}' is deleted` };
    },

    publish: createPublish(deps),

    subscribe: steps({
      async check(call: Call<InputOf<Ops['subscribe']>, TopicRow>) {
        requireSender(call);
        const { input } = call;
        return checked({
          raw_delivery: input.raw_delivery ?? false,
          filter_policy: policyIn(input.filter_policy),
          filter_scope: (input.filter_scope ?? 'attributes') as FilterScope,
        });
      },
      async run(call) {
        const { sql, target, tenantId, userId, createdId: id, now, checked: spec } = call;
        const topics = createPgTopicRepository(sql);
        const queue = await queueOf(call, call.input.endpoint);
        // The topic's row is locked: nobody adds one at the same time.
        if ((await topics.countSubscriptions(tenantId, target.id)) >= LIMITS.subscriptions)
          throw conflict(
            `topic '${target.name}' has ${LIMITS.subscriptions} subscriptions, which are the most; delete one, or use another topic`,
          );
        const row = await topics.insertSubscription({
          ...spec,
          id,
          user_id: userId,
          tenant_id: tenantId,
          topic_id: target.id,
          protocol: 'queue',
          endpoint: queue.id,
          target_queue_id: queue.id,
          created_at: now,
        });
        if (!row)
          throw conflict(
            `queue '${queue.name}' is subscribed to topic '${target.name}' already; change that subscription instead`,
          );
        return row;
      },
    }),

    async subscriptions({ sql, input, target, tenantId }) {
      const page = pageRequest(input);
      const { items, ...more } = toPage(
        await createPgTopicRepository(sql).listSubscriptions(tenantId, target.id, page),
        page.limit,
        (row) => row.id,
      );
      return { ...more, items: items.map(presentSubscription) };
    },

    async updateSubscription({ sql, input, target, now, unchanged }) {
      const { id: _, ...given } = input;
      if (Object.keys(given).length === 0)
        throw invalidInput('nothing to change: set at least one of raw_delivery, filter_policy, filter_scope');
      const wanted = checked({
        raw_delivery: given.raw_delivery ?? target.raw_delivery,
        filter_policy: given.filter_policy === undefined ? target.filter_policy : policyIn(given.filter_policy),
        filter_scope: (given.filter_scope ?? target.filter_scope) as FilterScope,
      });
      if (has(target, wanted)) return unchanged(target);
      return createPgTopicRepository(sql).rewriteSubscription(target.id, wanted, now);
    },

    async unsubscribe({ sql, target }) {
      await createPgTopicRepository(sql).removeSubscription(target.id);
      return { message: `subscription '${target.id}' is deleted` };
    },
  };
};
