import type { Database } from '../../kernel/sql/pool.ts';

/** Tenants that are looked at in one statement, and events that are removed in one transaction. */
const TENANTS = 100;
const BATCH = 1_000;

const everywhere = { tenantId: '*' } as const;

/**
 * Removes each tenant's oldest events beyond the newest `most`, in short transactions. One that writes all it may would fill the disk long before its
 * events are over by age. Answers how many.
 */
export async function pruneEvents(database: Database, most: number, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  for (let last: string | undefined; ; ) {
    signal?.throwIfAborted();
    const tenants = await database.transaction(everywhere, (sql) =>
      sql.query<{ id: string; over: Date | null }>(
        'events.beyond',
        // Numbers come from one sequence of all tenants: who has no more of them than this has no more events either.
        `select t.id, case when (select max(seq) from events where tenant_id = t.id) - (select min(seq) from events where tenant_id = t.id) >= $2::bigint then
           (select seq from events where tenant_id = t.id order by seq desc offset $2::bigint limit 1) end::text as over
         from (select id from tenants where $1::uuid is null or id > $1 order by id limit ${TENANTS}) as t order by t.id`,
        [last ?? null, most],
      ),
    );
    for (const { id, over } of tenants) {
      for (let batch = BATCH; over !== null && batch === BATCH; ) {
        signal?.throwIfAborted();
        const rows = await database.transaction(everywhere, (sql) =>
          sql.query(
            'events.prune',
            `delete from events where id in (
               select id from events where tenant_id = $1 and seq <= $2::bigint order by seq limit ${BATCH}) returning 1 as ok`,
            [id, over],
          ),
        );
        batch = rows.length;
        removed += batch;
      }
    }
    last = tenants.at(-1)?.id;
    if (tenants.length < TENANTS || last === undefined) return removed;
  }
}
