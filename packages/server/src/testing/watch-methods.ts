import type { Sql } from '../kernel/sql/tx.ts';

/**
 * Wraps a repository's maker so that it keeps a list of the methods that a test file has called. `untested()` names the others: a
 * repository method without a test on a real database fails its guard.
 */
export function watchMethods<Repository extends object>(
  create: (sql: Sql) => Repository,
): { readonly create: (sql: Sql) => Repository; untested(): readonly string[] } {
  const called = new Set<string>();
  const nothing: Sql = { query: () => Promise.reject(new Error('only its methods are asked for')) };
  const names = Object.keys(create(nothing));
  return {
    create: (sql) =>
      new Proxy(create(sql), {
        get(target, name, receiver) {
          called.add(String(name));
          return Reflect.get(target, name, receiver);
        },
      }),
    untested: () => names.filter((name) => !called.has(name)),
  };
}
