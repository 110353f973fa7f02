import Type, { type Static } from 'typebox';
import { isUuid } from '../../kernel/ids.ts';
import { presentRow } from '../../kernel/resource.ts';
import type { Kind } from '../../kernel/service.ts';
import type { FilterScope } from './filter-policy.ts';
import { createPgTopicRepository } from './topic-repository.pg.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

export const Subscription = Type.Object(
  {
    id,
    user_id: id,
    tenant_id: id,
    topic_id: id,
    protocol: Type.String({ description: 'queue' }),
    endpoint: Type.String({ description: 'Id of the queue' }),
    raw_delivery: Type.Boolean(),
    filter_policy: Type.Optional(Type.String({ description: 'JSON; absent: all messages' })),
    filter_scope: Type.String({ description: 'attributes or body: what the filter policy looks at' }),
    version: Type.Integer(),
    created_at: time,
    updated_at: time,
  },
  { $id: 'Subscription' },
);
export type Subscription = Static<typeof Subscription>;

export interface SubscriptionRow {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly topic_id: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly target_queue_id: string | null;
  readonly raw_delivery: boolean;
  readonly filter_policy: Readonly<Record<string, unknown>> | null;
  readonly filter_scope: FilterScope;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const presentSubscription = (row: SubscriptionRow): Subscription =>
  ({
    ...presentRow(row, [
      'id',
      'user_id',
      'tenant_id',
      'topic_id',
      'protocol',
      'endpoint',
      'raw_delivery',
      'filter_scope',
      'version',
      'created_at',
      'updated_at',
    ]),
    ...(row.filter_policy ? { filter_policy: JSON.stringify(row.filter_policy) } : {}),
  }) as Subscription;

export const subscriptionKind: Kind<SubscriptionRow> = {
  noun: 'subscription',
  find: async (sql, { tenantId, ref, lock }) =>
    isUuid(ref) ? createPgTopicRepository(sql).findSubscription(tenantId, ref, lock) : undefined,
  present: presentSubscription,
  id: (row) => row.id,
  version: (row) => row.version,
};
