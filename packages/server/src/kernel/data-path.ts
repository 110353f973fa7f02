import type { Admission } from './admission.ts';
import { authorise } from './authorise.ts';
import { type Caller, tenantIdOf, userIdOf } from './caller.ts';
import { translateDatabaseError } from './database-errors.ts';
import { invalidInput, notFound } from './errors.ts';
import type { CallOptions, ExecuteDeps, Executed } from './execute.ts';
import type { Entry } from './registry.ts';
import { scopeOf } from './scope.ts';
import { createShortMemory } from './short-memory.ts';
import type { Sql } from './sql/tx.ts';
import { refuseDeleting } from './targets.ts';

export interface DataPath {
  run(entry: Entry, caller: Caller, input: Record<string, unknown>, options: CallOptions): Promise<Executed>;
  /** Forgets what was looked up of a tenant: something of it was changed here. */
  forget(tenantId: string): void;
}

/**
 * No transaction, no audit row, no idempotency table: a call is its handler's own statement, and a look at what is remembered. A statement
 * holds a connection of its tenant's share, which `statements` gives out; a call that waits for a message holds none.
 */
export function createDataPath(
  { databases, clock }: ExecuteDeps,
  admission: Admission,
  statements: Admission,
): DataPath {
  const remembered = createShortMemory<unknown>(clock);

  function find(entry: Entry, caller: Caller, ref: string): Promise<unknown> {
    const [tenantId, userId] = [tenantIdOf(caller)!, userIdOf(caller)];
    const look = (sql: Sql) => entry.targetKind!.find(sql, { tenantId, userId, ref, lock: false });
    return remembered.get(`${tenantId} ${userId} ${entry.targets[0]!.kind} ${ref}`, () =>
      admission.run(tenantId, false, () => databases.api.transaction(scopeOf(caller), look, { readOnly: true })),
    );
  }

  return {
    async run(entry, caller, input, options) {
      const tenantId = tenantIdOf(caller)!;
      const userId = userIdOf(caller);
      if (options.idempotencyKey !== undefined && entry.writes)
        throw invalidInput(
          `${entry.name} does not accept an Idempotency-Key, because its calls are not recorded; remove the header`,
        );
      try {
        let target: unknown;
        if (entry.targetKind) {
          const ref = String(input[entry.targets[0]!.param]);
          target = await find(entry, caller, ref);
          if (target === undefined) throw notFound(entry.targetKind.noun, ref);
        }
        authorise(entry, caller);
        refuseDeleting(entry, [target]);
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
          signal: options.signal,
        });
        return { operation: entry, output, replayed: false };
      } catch (error) {
        throw translateDatabaseError(error).error;
      }
    },
    forget: (tenantId) => remembered.forget(`${tenantId} `),
  };
}
