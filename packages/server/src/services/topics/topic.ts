import Type, { type Static } from 'typebox';
import { kindOf, presentRow, type ResourceRow, type Table } from '../../kernel/resource.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

export const Topic = Type.Object(
  {
    id,
    user_id: id,
    tenant_id: id,
    name: Type.String(),
    arn: Type.String(),
    version: Type.Integer(),
    created_at: time,
    updated_at: time,
  },
  { $id: 'Topic' },
);
export type Topic = Static<typeof Topic>;

export interface TopicRow extends ResourceRow {
  readonly user_id: string;
  readonly arn: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const TOPICS: Table<TopicRow> = {
  name: 'topics',
  hasIdTail: true,
  columns: 'id, user_id, tenant_id, name, arn, version, deleted_at, created_at, updated_at',
};

export const topicKind = kindOf(TOPICS, {
  noun: 'topic',
  present: (row): Topic =>
    presentRow(row, ['id', 'user_id', 'tenant_id', 'name', 'arn', 'version', 'created_at', 'updated_at']) as Topic,
});

export const LIMITS = {
  /** Bytes of a message with its attributes, as at SNS. */
  messageSize: 262_144,
  /** A publish call stores a message in all queues by one statement. */
  subscriptions: 200,
  /** Characters of a filter policy. */
  filterPolicy: 16_384,
} as const;
