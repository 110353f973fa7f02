import type { Database } from './sql/pool.ts';

/** Rows that go when their time is over. The texts are a service's own constants. */
export interface Retention {
  readonly table: string;
  /** Columns of the key, for finding the batch again. */
  readonly key: string;
  /** SQL that is true of a row whose time is over: `expires_at < now()`. */
  readonly over: string;
  /** Others change several such rows in one statement: those that they hold wait for the next run, so that neither waits for the other. */
  readonly isShared?: boolean;
}

/** Of the kernel's own tables. */
export const RETENTIONS: readonly Retention[] = [
  { table: 'stream_tickets', key: 'ticket_hash', over: 'expires_at < now()' },
  { table: 'idempotency_keys', key: 'tenant_id, operation, key', over: 'expires_at < now()' },
  { table: 'events', key: 'id', over: `created_at < now() - interval '30 days'` },
];

/** Rows removed in one transaction. */
const BATCH = 1_000;
/**
 * Batches of a table in one run: the rest waits for the next, so that one table cannot hold up the others. With a run each minute, 10,000 rows a
 * second go: as many deduplication ids as FIFO queues can write.
 */
const MAX_BATCHES = 600;

/** Removes what is past its time, in short transactions, until the signal aborts. Answers how many rows. */
export async function prune(
  database: Database,
  retentions: readonly Retention[],
  signal?: AbortSignal,
): Promise<number> {
  let all = 0;
  for (const { table, key, over, isShared } of retentions) {
    for (let batch = 0, removed = BATCH; removed === BATCH && batch < MAX_BATCHES; batch++) {
      signal?.throwIfAborted();
      const rows = await database.transaction({ tenantId: '*' }, (sql) =>
        sql.query(
          `prune.${table}`,
          `delete from ${table} where (${key}) in (select ${key} from ${table} where ${over} limit ${BATCH}${isShared ? ' for update skip locked' : ''}) returning 1 as ok`,
        ),
      );
      removed = rows.length;
      all += removed;
    }
  }
  return all;
}
