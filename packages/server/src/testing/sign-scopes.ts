import type { Database } from '../kernel/sql/pool.ts';
import type { Scope } from '../kernel/sql/tx.ts';

/** The owner of the tables: a pool or a client. */
interface Owner {
  query(text: string, values: unknown[]): Promise<{ rows: { token: string }[] }>;
}

/** A token for this user in this tenant, made by the owner of the tables, and good for longer than a test runs. */
export async function signScope(owner: Owner, { tenantId, userId }: Scope): Promise<string> {
  // A tenant alone is enough for a test that is about tenants.
  const nobody = '00000000-0000-0000-0000-000000000000';
  const { rows } = await owner.query(`select sign_scope($1, $2, '1 hour') as token`, [
    tenantId ?? null,
    userId ?? nobody,
  ]);
  return rows[0]!.token;
}

/** The API's database for tests that name whom they act for, and hold no key: the owner proves it. */
export function signScopes(database: Database, owner: Owner): Database {
  const made = new Map<string, Promise<string>>();
  const signed = async (scope: Scope): Promise<Scope> => {
    if (scope.token !== undefined || (scope.tenantId === undefined && scope.userId === undefined)) return scope;
    const name = `${scope.tenantId} ${scope.userId}`;
    const token = made.get(name) ?? signScope(owner, scope);
    made.set(name, token);
    return { ...scope, token: await token };
  };
  return {
    ...database,
    transaction: async (scope, fn, options) => database.transaction(await signed(scope), fn, options),
  };
}
