import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { Attributes } from './queue-rules.ts';
import { type QueueRow, QUEUES, type RedriveAllow } from './queue.ts';

/** What is written of a queue when it is created and changed. */
export interface QueueSpec extends Attributes {
  readonly dead_letter_queue_id: string | null;
  readonly max_receive_count: number | null;
  readonly redrive_allow: RedriveAllow | null;
}

export interface NewQueue extends QueueSpec {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly arn: string;
  readonly fifo: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly at: Date;
}

/** The columns of a spec, and their values in the same order. */
const SPEC = `visibility_timeout, retention_seconds, retention_days, max_message_size, delay_seconds, receive_wait_seconds, content_based_deduplication,
  deduplication_scope, fifo_throughput, access_policy, dead_letter_queue_id, max_receive_count, redrive_allow`;
const specValues = (spec: QueueSpec): readonly unknown[] => [
  spec.visibility_timeout,
  spec.retention_seconds,
  Math.ceil(spec.retention_seconds / 86_400),
  spec.max_message_size,
  spec.delay_seconds,
  spec.receive_wait_seconds,
  spec.content_based_deduplication,
  spec.deduplication_scope,
  spec.fifo_throughput,
  spec.access_policy,
  spec.dead_letter_queue_id,
  spec.max_receive_count,
  spec.redrive_allow && JSON.stringify(spec.redrive_allow),
];

/** Sorts behind every name that begins alike: no character is larger. */
const LAST_CHARACTER = '\u{10ffff}';

/** What the control plane of queues asks of the database beyond kernel/resource.ts. */
export const createPgQueueRepository = (sql: Sql) => ({
  /** Undefined when the tenant has a queue of that name. */
  async insert(queue: NewQueue): Promise<QueueRow | undefined> {
    const [row] = await sql.query<QueueRow>(
      'queues.insert',
      `insert into queues (id, user_id, tenant_id, name, arn, fifo, labels, created_at, updated_at, ${SPEC})
       values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
       on conflict (tenant_id, name) where deleted_at is null do nothing returning ${QUEUES.columns}`,
      [
        queue.id,
        queue.userId,
        queue.tenantId,
        queue.name,
        queue.arn,
        queue.fifo,
        JSON.stringify(queue.labels),
        queue.at,
        ...specValues(queue),
      ],
    );
    return row;
  },

  /** Writes the whole spec of a queue whose row the transaction has locked. */
  async rewrite(id: string, spec: QueueSpec, at: Date): Promise<QueueRow> {
    const [row] = await sql.query<QueueRow>(
      'queues.rewrite',
      `update queues set (${SPEC}) = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15), version = version + 1, updated_at = $2
       where id = $1 returning ${QUEUES.columns}`,
      [id, at, ...specValues(spec)],
    );
    return row!;
  },

  async setLabels(id: string, labels: Readonly<Record<string, string>>, at: Date): Promise<QueueRow> {
    const [row] = await sql.query<QueueRow>(
      'queues.set_labels',
      `update queues set labels = $3, version = version + 1, updated_at = $2 where id = $1 returning ${QUEUES.columns}`,
      [id, at, JSON.stringify(labels)],
    );
    return row!;
  },

  /** By the database's clock, as the messages' times are. False: the last purge is less than 60 s ago. */
  async purge(id: string): Promise<boolean> {
    const rows = await sql.query(
      'queues.purge',
      `update queues set purged_before = clock_timestamp()
       where id = $1 and (purged_before is null or purged_before <= clock_timestamp() - interval '60 seconds') returning 1 as ok`,
      [id],
    );
    return rows.length === 1;
  },

  /** Takes their dead-letter queue from all that use this one; it is locked, so that none begins to. */
  async forgetDeadLetterQueue(tenantId: string, id: string, at: Date): Promise<void> {
    await sql.query(
      'queues.forget_dead_letter_queue',
      `update queues set dead_letter_queue_id = null, max_receive_count = null, version = version + 1, updated_at = $3
       where tenant_id = $1 and dead_letter_queue_id = $2`,
      [tenantId, id, at],
    );
  },

  /** Live ones whose name begins with `prefix`, by name, and one more than the page's limit; `after` is a name. */
  listByPrefix: (tenantId: string, prefix: string, page: PageRequest): Promise<readonly QueueRow[]> =>
    sql.query<QueueRow>(
      'queues.list_by_prefix',
      `select ${QUEUES.columns} from queues where tenant_id = $1 and deleted_at is null
         and name ~>=~ $2::text and name ~<~ ($2::text || $3::text) and name ~>~ $4::text
       order by name using ~<~ limit $5`,
      [tenantId, prefix, LAST_CHARACTER, page.after ?? '', page.limit + 1],
    ),

  /** Live queues whose dead-letter queue this is, the newest first, and one more than the page's limit. */
  listSources: (tenantId: string, id: string, page: PageRequest): Promise<readonly QueueRow[]> =>
    sql.query<QueueRow>(
      'queues.list_dead_letter_sources',
      `select ${QUEUES.columns} from queues
       where tenant_id = $1 and dead_letter_queue_id = $2 and deleted_at is null and id < $3 order by id desc limit $4`,
      [tenantId, id, page.after ?? LAST_ID, page.limit + 1],
    ),
});
