import { type Caller, tenantIdOf, userIdOf } from './caller.ts';
import type { Scope, Sql } from './sql/tx.ts';

// The database shows the API the rows of a tenant only for a token that it has made itself: when it authenticated a key, or in one of the
// functions that let somebody in. See docs/decisions/0009-proven-scope.md.

/** What the caller's transactions see. */
export const scopeOf = (caller: Caller): Scope => {
  const tenantId = tenantIdOf(caller);
  return {
    userId: userIdOf(caller),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(caller.kind === 'user' ? { token: caller.scopeToken } : {}),
  };
};

/** Of several callers in one tenant the one whose token was made last; of none nobody. The end of a token is 8 bytes behind its tenant and user. */
export const latestOf = (callers: readonly Caller[]): Caller =>
  callers.reduce((latest, caller) => (endOf(caller) > endOf(latest) ? caller : latest), { kind: 'anonymous' });

const endOf = (caller: Caller): string => (caller.kind === 'user' && caller.scopeToken?.slice(64, 80)) || '';

/** Goes on, within a transaction, in another tenant of its user, or in none. The database refuses a tenant that the user is no member of. */
export async function enterTenant(sql: Sql, tenantId: string | undefined): Promise<void> {
  await sql.query('kernel.enter_tenant', 'select enter_tenant($1)', [tenantId ?? null]);
}
