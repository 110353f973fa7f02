import type { Sql } from './sql/tx.ts';

/** Goes on, within a transaction, as this user in this tenant: for registering and logging in, which nobody signed in does. */
export async function enterScope(
  sql: Sql,
  who: { readonly userId: string; readonly tenantId?: string },
): Promise<void> {
  await sql.query(
    'kernel.enter_scope',
    `select set_config('cloud.user_id', $1, true), set_config('cloud.tenant_id', $2, true)`,
    [who.userId, who.tenantId ?? ''],
  );
}
