import type { Observable, ObserveDeps } from '../../kernel/observe.ts';
import { nudge } from '../../kernel/reconcile-queue.ts';
import type { ComputeEngine, SeenMachine } from './compute-engine.ts';
import type { InstanceRow } from './instance.ts';

type HostedInstance = Pick<
  InstanceRow,
  'status' | 'power' | 'deleted_at' | 'version' | 'observed_version' | 'restart_generation' | 'observed_restart'
>;

/** What one look at all machines of a host is compared with. */
export const machinesOf = (engine: ComputeEngine): Observable<HostedInstance, SeenMachine> => ({
  kind: 'instance',
  table: 'instances',
  columns: 'status, power, deleted_at, version, observed_version, restart_generation, observed_restart',
  engine,
  hasDrifted(row, seen) {
    const isSettled =
      row.deleted_at === null &&
      row.observed_version === row.version &&
      row.observed_restart === row.restart_generation &&
      row.status === (row.power === 'running' ? 'RUNNING' : 'STOPPED');
    return isSettled && seen?.state !== row.power;
  },
});

export interface FollowDeps extends ObserveDeps {
  readonly engine: ComputeEngine;
}

/**
 * Writes down what no longer runs, as after a restart of the platform or of its host: nobody is told RUNNING before it runs again. The rest is
 * for the passes, which are asked for. While the engine is not available nobody can see what runs, so nothing is RUNNING.
 */
export async function noteDown({ engine, database, hostId }: FollowDeps): Promise<void> {
  const ready = await engine.availability();
  const seen = ready.ok ? await engine.list() : [];
  const up = seen.filter((machine) => machine.state === 'running').map((machine) => machine.name);
  await database.transaction({ tenantId: '*' }, async (sql) => {
    const down = await sql.query<{ id: string; tenant_id: string }>(
      'instances.note_down',
      `update instances set status = 'STARTING', started_at = null
       where host_id = $1 and status = 'RUNNING' and deleted_at is null and container_id <> all ($2) returning id, tenant_id`,
      [hostId, up],
    );
    for (const { id, tenant_id: tenantId } of down) await nudge(sql, { kind: 'instance', id, tenantId, hostId });
  });
}

/** Wakes each instance whose machine changed its power state, as the engine tells it, until the stream ends or the signal aborts. */
export async function followEvents(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  const ready = await deps.engine.availability();
  if (!ready.ok) return;
  await deps.engine.watch((name) => {
    wakeByMachine(deps, name).catch((error: unknown) =>
      deps.log.warn({ err: error, name }, 'an engine event was lost; the next inspection finds the change'),
    );
  }, signal);
}

/** A machine of nobody is left to the bulk look. */
async function wakeByMachine({ database, hostId }: FollowDeps, machineName: string): Promise<void> {
  await database.transaction({ tenantId: '*' }, async (sql) => {
    const [row] = await sql.query<{ id: string; tenant_id: string }>(
      'instances.find_by_container',
      'select id, tenant_id from instances where container_id = $1 limit 1',
      [machineName],
    );
    if (row) await nudge(sql, { kind: 'instance', id: row.id, tenantId: row.tenant_id, hostId });
  });
}
