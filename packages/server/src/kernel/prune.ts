import type { Database } from './sql/pool.ts';
import { pruneTickets } from './ticket.ts';

/** Rows removed at once. */
const BATCH = 1_000;

/** Removes what is past its time: tickets nobody came for, idempotency keys older than their day. In short transactions. */
export async function prune(database: Database): Promise<void> {
  await database.transaction({ tenantId: '*' }, pruneTickets);
  for (let removed = BATCH; removed === BATCH; ) {
    const rows = await database.transaction({ tenantId: '*' }, (sql) =>
      sql.query(
        'kernel.prune_idempotency_keys',
        `delete from idempotency_keys where (tenant_id, operation, key) in
           (select tenant_id, operation, key from idempotency_keys where expires_at < now() limit ${BATCH}) returning 1 as ok`,
      ),
    );
    removed = rows.length;
  }
}
