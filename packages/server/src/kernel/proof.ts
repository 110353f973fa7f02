import type { Caller, Origin } from './caller.ts';
import { unauthorized } from './errors.ts';
import type { Sql } from './sql/tx.ts';

/** Beside the callers and not in them: what logs, audits or shows a caller cannot show the key. */
const keys = new WeakMap<Caller, string>();

/** Notes the API key that a caller sent. What must not rest on the word of this process hands it to the database, which looks it up again. */
export function proveBy<C extends Caller>(caller: C, key: string): C {
  keys.set(caller, key);
  return caller;
}

/** The API key that the caller sent. Undefined: none came, as at the AWS door. */
export const proofOf = (caller: Caller): string | undefined => keys.get(caller);

/**
 * Shows the transaction the caller's key: the database changes keys, members, roles, passwords and what the operator sets for nobody else. A caller
 * of the AWS door is known by its signature, which counts for that door's keys only. Throws UNAUTHORIZED where the key has ended since it was
 * looked up, or may no longer act in the tenant.
 */
export async function enterProof(
  sql: Sql,
  caller: Caller & { kind: 'user' },
  origin: Origin,
  needsTenant: boolean,
): Promise<void> {
  const key = proofOf(caller);
  const [row] = await sql.query<{ proven: 'none' | 'user' | 'tenant' }>(
    'kernel.enter_proof',
    'select enter_proof($1, $2, $3, $4) as proven',
    [key ?? null, key === undefined ? caller.keyId : null, caller.tenantId ?? null, origin.ip ?? null],
  );
  if (row!.proven === 'none' || (needsTenant && row!.proven === 'user'))
    throw unauthorized('the key of this request has ended, or may no longer act in this tenant');
}
