import Type, { type Static } from 'typebox';
import { presentRow, type ResourceRow, type Table } from '../../kernel/resource.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

export const Queue = Type.Object(
  {
    id,
    user_id: id,
    tenant_id: id,
    name: Type.String(),
    arn: Type.String(),
    status: Type.String({ description: 'ACTIVE or DELETING' }),
    fifo: Type.Boolean(),
    visibility_timeout: Type.Integer({
      description: 'Seconds for which a received message is hidden from other receivers',
    }),
    retention_days: Type.Integer({ description: 'retention_seconds in days, rounded up' }),
    retention_seconds: Type.Integer({ description: 'Seconds after which a message that nobody deleted expires' }),
    max_message_size: Type.Integer({ description: 'Bytes' }),
    delay_seconds: Type.Integer(),
    receive_wait_seconds: Type.Integer(),
    dead_letter_queue_id: Type.Optional(id),
    max_receive_count: Type.Optional(Type.Integer()),
    redrive_allow: Type.Optional(
      Type.Object({
        permission: Type.String({ description: 'allow_all, deny_all or by_queue' }),
        source_queue_ids: Type.Optional(Type.Array(id)),
      }),
    ),
    content_based_deduplication: Type.Optional(Type.Boolean({ description: 'Of a FIFO queue, as the next two' })),
    deduplication_scope: Type.Optional(Type.String({ description: 'queue or message_group' })),
    fifo_throughput: Type.Optional(Type.String({ description: 'per_queue or per_message_group' })),
    access_policy: Type.Optional(Type.String({ description: 'A policy document of AWS, as JSON' })),
    labels: Type.Record(Type.String(), Type.String()),
    version: Type.Integer(),
    created_at: time,
    updated_at: time,
  },
  { $id: 'Queue' },
);
export type Queue = Static<typeof Queue>;

export interface RedriveAllow {
  readonly permission: 'allow_all' | 'deny_all' | 'by_queue';
  readonly source_queue_ids?: readonly string[];
}

export interface QueueRow extends ResourceRow {
  readonly user_id: string;
  readonly arn: string;
  readonly fifo: boolean;
  readonly visibility_timeout: number;
  readonly retention_seconds: number;
  readonly max_message_size: number;
  readonly delay_seconds: number;
  readonly receive_wait_seconds: number;
  readonly dead_letter_queue_id: string | null;
  readonly max_receive_count: number | null;
  readonly redrive_allow: RedriveAllow | null;
  readonly content_based_deduplication: boolean;
  readonly deduplication_scope: 'queue' | 'message_group';
  readonly fifo_throughput: 'per_queue' | 'per_message_group';
  readonly access_policy: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly purged_before: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** SQL of a queue's retention in seconds: rows that the guide's own statements insert have days alone. */
export const RETENTION_SECONDS = 'coalesce(retention_seconds, retention_days * 86400, 345600)';

export const QUEUES: Table<QueueRow> = {
  name: 'queues',
  hasIdTail: true,
  columns: `id, user_id, tenant_id, name, arn, fifo, coalesce(visibility_timeout, 30) as visibility_timeout, ${RETENTION_SECONDS} as retention_seconds,
    coalesce(max_message_size, 262144) as max_message_size, delay_seconds, receive_wait_seconds, dead_letter_queue_id, max_receive_count, redrive_allow,
    content_based_deduplication, deduplication_scope, fifo_throughput, access_policy, labels, purged_before, version, deleted_at, created_at, updated_at`,
};

export const queueStatus = (row: QueueRow): string => (row.deleted_at ? 'DELETING' : 'ACTIVE');

export const presentQueue = (row: QueueRow): Queue => ({
  ...(presentRow(row, [
    'id',
    'user_id',
    'tenant_id',
    'name',
    'arn',
    'fifo',
    'visibility_timeout',
    'retention_seconds',
    'max_message_size',
    'delay_seconds',
    'receive_wait_seconds',
    'dead_letter_queue_id',
    'max_receive_count',
    'redrive_allow',
    'access_policy',
    'labels',
    'version',
    'created_at',
    'updated_at',
    ...(row.fifo ? (['content_based_deduplication', 'deduplication_scope', 'fifo_throughput'] as const) : []),
  ]) as Queue),
  status: queueStatus(row),
  retention_days: Math.ceil(row.retention_seconds / 86_400),
});

/** AWS's limits of queues and messages. */
export const LIMITS = {
  /** Seconds: 12 hours. */
  visibilityTimeout: 43_200,
  /** Seconds: one minute to 14 days. */
  retention: { min: 60, max: 1_209_600 },
  /** Bytes: 1 KiB to 1 MiB. */
  messageSize: { min: 1_024, max: 1_048_576 },
  delay: 900,
  /** Longest long poll, in seconds. */
  wait: 20,
  batch: 10,
  maxReceiveCount: 1_000,
  attributes: 10,
  labels: 50,
} as const;
