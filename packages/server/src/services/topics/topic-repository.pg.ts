import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { SubscriptionRow } from './subscription.ts';
import { LIMITS, TOPICS, type TopicRow } from './topic.ts';

const SUBSCRIPTION = `id, user_id, tenant_id, topic_id, protocol, endpoint, target_queue_id, raw_delivery, filter_policy, filter_scope, version, created_at,
  updated_at`;

/** What its maker says of a subscription. */
export type SubscriptionSpec = Pick<SubscriptionRow, 'raw_delivery' | 'filter_policy' | 'filter_scope'>;

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export const createPgTopicRepository = (sql: Sql) => ({
  /** Undefined: the tenant has one of that name. */
  async insert(
    topic: Pick<TopicRow, 'id' | 'user_id' | 'tenant_id' | 'name' | 'arn' | 'created_at'>,
  ): Promise<TopicRow | undefined> {
    const [row] = await sql.query<TopicRow>(
      'topics.insert',
      `insert into topics (id, user_id, tenant_id, name, arn, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)
       on conflict (tenant_id, name) do nothing returning ${TOPICS.columns}`,
      [topic.id, topic.user_id, topic.tenant_id, topic.name, topic.arn, topic.created_at],
    );
    return row;
  },

  /** With its subscriptions. */
  async remove(id: string): Promise<void> {
    await sql.query('topics.delete', 'delete from topics where id = $1', [id]);
  },

  async findSubscription(tenantId: string, id: string, lock: boolean): Promise<SubscriptionRow | undefined> {
    const [row] = await sql.query<SubscriptionRow>(
      `topics.find_subscription${lock ? '_locked' : ''}`,
      `select ${SUBSCRIPTION} from subscriptions where tenant_id = $1 and id = $2${lock ? ' for no key update' : ''}`,
      [tenantId, id],
    );
    return row;
  },

  /** Undefined: the topic has one to that queue. */
  async insertSubscription(
    one: SubscriptionSpec &
      Pick<SubscriptionRow, 'id' | 'user_id' | 'tenant_id' | 'topic_id' | 'protocol' | 'endpoint' | 'created_at'> & {
        readonly target_queue_id: string;
      },
  ): Promise<SubscriptionRow | undefined> {
    const [row] = await sql.query<SubscriptionRow>(
      'topics.insert_subscription',
      `insert into subscriptions (id, user_id, tenant_id, topic_id, protocol, endpoint, target_queue_id, raw_delivery, filter_policy, filter_scope, created_at,
         updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
       on conflict (tenant_id, topic_id, target_queue_id) do nothing returning ${SUBSCRIPTION}`,
      [
        one.id,
        one.user_id,
        one.tenant_id,
        one.topic_id,
        one.protocol,
        one.endpoint,
        one.target_queue_id,
        one.raw_delivery,
        json(one.filter_policy),
        one.filter_scope,
        one.created_at,
      ],
    );
    return row;
  },

  async rewriteSubscription(id: string, spec: SubscriptionSpec, at: Date): Promise<SubscriptionRow> {
    const [row] = await sql.query<SubscriptionRow>(
      'topics.rewrite_subscription',
      `update subscriptions set raw_delivery = $3, filter_policy = $4, filter_scope = $5, version = version + 1, updated_at = $2
       where id = $1 returning ${SUBSCRIPTION}`,
      [id, at, spec.raw_delivery, json(spec.filter_policy), spec.filter_scope],
    );
    return row!;
  },

  async removeSubscription(id: string): Promise<void> {
    await sql.query('topics.delete_subscription', 'delete from subscriptions where id = $1', [id]);
  },

  async countSubscriptions(tenantId: string, topicId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'topics.count_subscriptions',
      'select count(*)::int as count from subscriptions where tenant_id = $1 and topic_id = $2',
      [tenantId, topicId],
    );
    return row!.count;
  },

  /** A page of a topic's subscriptions, the newest first, and one more than its limit. */
  listSubscriptions: (tenantId: string, topicId: string, page: PageRequest): Promise<readonly SubscriptionRow[]> =>
    sql.query<SubscriptionRow>(
      'topics.list_subscriptions',
      `select ${SUBSCRIPTION} from subscriptions where tenant_id = $1 and topic_id = $2 and id < $3 order by id desc limit $4`,
      [tenantId, topicId, page.after ?? LAST_ID, page.limit + 1],
    ),

  /** All subscriptions of a topic, the oldest first. Undefined: there is no such topic any more. */
  async allSubscriptions(tenantId: string, topicId: string): Promise<readonly SubscriptionRow[] | undefined> {
    const rows = await sql.query<SubscriptionRow & { readonly id: string | null }>(
      'topics.all_subscriptions',
      `select s.* from topics t left join lateral (
         select ${SUBSCRIPTION} from subscriptions where tenant_id = t.tenant_id and topic_id = t.id order by id limit ${LIMITS.subscriptions}) s on true
       where t.tenant_id = $1 and t.id = $2`,
      [tenantId, topicId],
    );
    return rows.length === 0 ? undefined : rows.filter(({ id }) => id !== null);
  },
});
