import type { Sql } from '../../kernel/sql/tx.ts';

/** What the operator allows, in days. */
export interface RetentionBounds {
  readonly minimum: number;
  readonly maximum: number;
}

/** Days that rows are kept in a tenant that has not chosen, if the bounds allow it: a year, as most auditors ask. */
const DEFAULT_DAYS = 365;

/** The days that hold: what was chosen, within the bounds of today. */
export const clampDays = (chosen: number | undefined, { minimum, maximum }: RetentionBounds): number =>
  Math.min(Math.max(chosen ?? DEFAULT_DAYS, minimum), maximum);

export async function findRetention(sql: Sql, tenantId: string): Promise<number | undefined> {
  const [row] = await sql.query<{ days: number | null }>(
    'audit.find_retention',
    'select audit_retention_days as days from tenants where id = $1',
    [tenantId],
  );
  return row?.days ?? undefined;
}

export async function writeRetention(sql: Sql, tenantId: string, days: number, at: Date): Promise<void> {
  await sql.query(
    'audit.write_retention',
    'update tenants set audit_retention_days = $2, updated_at = $3 where id = $1',
    [tenantId, days, at],
  );
}
