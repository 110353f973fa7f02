import { wake } from '../../kernel/reconcile-queue.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { ComputeEngine, SeenMachine } from './compute-engine.ts';
import type { HostedInstance } from './instance-repository.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';

/** Rows read at once. */
const CHUNK = 5_000;

export interface ObserveDeps {
  readonly database: Database;
  readonly engine: ComputeEngine;
  readonly hostId: string;
}

/** Whether what is seen is what a settled row says; unsettled rows have a pass coming anyway. */
function hasDrifted(row: HostedInstance, seen: SeenMachine | undefined): boolean {
  if (!row.settled || row.deleted || row.status === 'ERROR') return false;
  return (row.power === 'running') !== (seen?.state === 'running') || seen === undefined;
}

/**
 * One look at all machines of the host against the rows; wakes what drifted. What is in the engine and in no row is returned and never
 * removed: after a restore, or with a wrong DATABASE_URL, everything newer looks like that.
 */
export async function observeInstances(deps: ObserveDeps): Promise<{ drifted: number; unknown: readonly string[] }> {
  const { database, engine, hostId } = deps;
  const unknown = new Map((await engine.list()).map((machine) => [machine.name, machine]));
  let drifted = 0;
  let after: string | null = null;
  for (;;) {
    const from: string | null = after;
    const rows: readonly HostedInstance[] = await database.transaction({ tenantId: '*' }, (sql) =>
      createPgInstanceRepository(sql).onHost(hostId, from, CHUNK),
    );
    const changed = rows.filter((row) => hasDrifted(row, unknown.get(row.container_id)));
    for (const row of rows) unknown.delete(row.container_id);
    drifted += changed.length;
    for (const row of changed) {
      await database.transaction({ tenantId: '*' }, (sql) =>
        wake(sql, { kind: 'instance', id: row.id, tenantId: row.tenant_id, hostId }),
      );
    }
    const last = rows.at(-1);
    if (rows.length < CHUNK || !last) break;
    after = last.id;
  }
  return { drifted, unknown: [...unknown.keys()] };
}

/** Wakes the instance whose machine changed its power state; a machine of nobody is left to the bulk look. */
export async function wakeByMachine(deps: ObserveDeps, machineName: string): Promise<void> {
  await deps.database.transaction({ tenantId: '*' }, async (sql) => {
    const row = await createPgInstanceRepository(sql).findByContainer(machineName);
    if (row) await wake(sql, { kind: 'instance', id: row.id, tenantId: row.tenant_id, hostId: deps.hostId });
  });
}
