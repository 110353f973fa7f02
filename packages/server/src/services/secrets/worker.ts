import { recordChange } from '../../kernel/audit.ts';
import { SYSTEM_USER_ID } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { sweep } from '../../kernel/sweep.ts';
import { rotate } from './rotation.ts';
import { createPgSecretRepository } from './secret-repository.pg.ts';

export interface SecretWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}

const ROTATION_MS = 60_000;
/** Milliseconds until a rotation that failed is tried again. */
const RETRY_MS = 3_600_000;

/** What the worker does for secrets: it rotates those whose time has come, each in a transaction of its own, with its audit row. */
export const createSecretWorker = (deps: SecretWorkerDeps & { readonly sealer: Sealer }): WorkerSide => ({
  reconcilers: [sweep('secret-rotation', ROTATION_MS, (signal) => rotateDue(deps, signal))],
});

export async function rotateDue(
  { database, clock, log, sealer }: SecretWorkerDeps & { readonly sealer: Sealer },
  signal: AbortSignal,
): Promise<void> {
  const commit = <T>(fn: (sql: Sql) => Promise<T>) => database.transaction({ tenantId: '*' }, fn);
  for (;;) {
    signal.throwIfAborted();
    const now = new Date(clock.now());
    let due: string | undefined;
    try {
      const found = await commit(async (sql) => {
        const row = await createPgSecretRepository(sql).takeDue(now);
        if (!row) return false;
        due = row.id;
        const call = { sql, tenantId: row.tenant_id, userId: SYSTEM_USER_ID, now, newId };
        await rotate(call, sealer, row);
        await recordChange(
          sql,
          {
            operation: { name: 'secrets.rotate', audit: 'secret.rotate', resource: 'secret', event: 'SECRET_ROTATE' },
            caller: { kind: 'system', name: 'secret-rotation', tenantId: row.tenant_id },
            origin: { requestId: newId() },
            tenantId: row.tenant_id,
            userId: undefined,
            resourceId: row.id,
            metadata: {},
          },
          newId(),
          newId(),
        );
        return true;
      });
      if (!found) return;
    } catch (error) {
      if (due === undefined) throw error;
      // One that cannot be rotated does not hold up the others.
      log.warn({ err: error, secret: due }, 'a secret could not be rotated; it is tried again in an hour');
      const again = new Date(now.getTime() + RETRY_MS);
      const id = due;
      await commit((sql) => createPgSecretRepository(sql).postpone(id, again));
    }
  }
}
