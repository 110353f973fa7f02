import { quotaExceeded } from './errors.ts';
import type { QuotaUse } from './service.ts';
import type { Sql } from './sql/tx.ts';

/** Makes calls of one tenant that use up a quota wait for each other until the end of their transactions. */
export async function lockQuota(sql: Sql, tenantId: string): Promise<void> {
  await sql.query('kernel.lock_quota', `select pg_advisory_xact_lock(hashtextextended('quota:' || $1, 0))`, [tenantId]);
}

/** Throws QUOTA_EXCEEDED for the first thing that would not fit. */
export async function checkQuota(sql: Sql, tenantId: string, uses: readonly QuotaUse[]): Promise<void> {
  const rows = await sql.query<{ resource: string; max: number }>(
    'kernel.read_quotas',
    'select resource, max from quotas where tenant_id = $1 and resource = any($2)',
    [tenantId, uses.map((use) => use.resource)],
  );
  const limits = new Map(rows.map((row) => [row.resource, Number(row.max)]));
  for (const use of uses) {
    const max = limits.get(use.resource) ?? use.defaultMax;
    if (use.used + use.wanted > max) {
      throw quotaExceeded(
        use.refusal ??
          `this needs ${use.wanted} more of '${use.resource}'; ${use.used} of ${max} are used. Free some, or ask the operator for a higher quota`,
      );
    }
  }
}
