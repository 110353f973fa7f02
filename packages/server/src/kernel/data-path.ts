import type { Admission } from './admission.ts';
import { authorise } from './authorise.ts';
import { type Caller, tenantIdOf, userIdOf } from './caller.ts';
import { translateDatabaseError } from './database-errors.ts';
import { conflict, invalidInput, notFound } from './errors.ts';
import type { CallOptions, ExecuteDeps, Executed } from './execute.ts';
import type { Entry } from './registry.ts';
import type { Sql } from './sql/tx.ts';

/** A target may be this old: the bound on how long another process does not know of a change. */
const STALE_MS = 1_000;
/** Most targets that are remembered; the longest unread go first. */
const MAX_TARGETS = 10_000;

export interface DataPath {
  run(entry: Entry, caller: Caller, input: Record<string, unknown>, options: CallOptions): Promise<Executed>;
  /** Forgets what was looked up of a tenant: something of it was changed here. */
  forget(tenantId: string): void;
}

interface Remembered {
  readonly tenantId: string;
  readonly row: Promise<unknown>;
  readonly until: number;
}

/** No transaction, no audit row, no idempotency table: a call is its handler's own statement, and a look at what is remembered. A statement holds a connection,
 * a call does not: one that waits for a message holds none. `statements` shares them out. */
export function createDataPath(
  { databases, clock }: ExecuteDeps,
  admission: Admission,
  statements: Admission,
): DataPath {
  const remembered = new Map<string, Remembered>();

  function find(entry: Entry, tenantId: string, userId: string, ref: string): Promise<unknown> {
    const key = `${tenantId} ${userId} ${entry.targets[0]!.kind} ${ref}`;
    const known = remembered.get(key);
    if (known && known.until > clock.monotonic()) return known.row;
    const look = (sql: Sql) => entry.targetKind!.find(sql, { tenantId, userId, ref, lock: false });
    const row = admission
      .run(tenantId, false, () => databases.api.transaction({ tenantId, userId }, look, { readOnly: true }))
      .then((found) => {
        // What is not there is asked for anew: it may be made at any moment.
        if (found === undefined) remembered.delete(key);
        return found;
      });
    row.catch(() => remembered.delete(key));
    remembered.delete(key);
    if (remembered.size >= MAX_TARGETS) remembered.delete(remembered.keys().next().value!);
    remembered.set(key, { tenantId, row, until: clock.monotonic() + STALE_MS });
    return row;
  }

  return {
    async run(entry, caller, input, options) {
      const tenantId = tenantIdOf(caller)!;
      const userId = userIdOf(caller);
      if (options.idempotencyKey !== undefined && entry.writes)
        throw invalidInput(`${entry.name} takes no Idempotency-Key: nothing is kept of its calls; leave it out`);
      try {
        let target: unknown;
        if (entry.targetKind) {
          const ref = String(input[entry.targets[0]!.param]);
          target = await find(entry, tenantId, userId, ref);
          if (target === undefined) throw notFound(entry.targetKind.noun, ref);
        }
        authorise(entry, caller);
        if (target !== undefined && entry.writes && entry.targetKind!.isDeleting?.(target))
          throw conflict(`${entry.targetKind!.noun} '${entry.targetKind!.name?.(target) ?? ''}' is being deleted`);
        const output = await entry.dataHandler!({
          caller,
          tenantId,
          userId,
          input,
          target,
          sql: {
            query: (name, text, values) =>
              statements.run(tenantId, false, () => databases.data.query(name, text, values)),
          },
          now: new Date(clock.now()),
          origin: options.origin,
        });
        return { operation: entry, output, replayed: false };
      } catch (error) {
        throw translateDatabaseError(error).error;
      }
    },
    forget(tenantId) {
      for (const [key, one] of remembered) if (one.tenantId === tenantId) remembered.delete(key);
    },
  };
}
