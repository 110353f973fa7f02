import { wake } from '../../kernel/reconcile-queue.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { NetworkEngine } from './network-engine.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

export interface Observed {
  /** Things that are not as the database wants them, and were woken. */
  readonly drifted: number;
  /** Things in the engine that no row wants: reported, never removed. */
  readonly unknown: readonly string[];
}

/** One look at all networks of the host against the rows; wakes what drifted. */
export async function observeNetworks(deps: {
  database: Database;
  engine: NetworkEngine;
  hostId: string;
}): Promise<Observed> {
  const { database, engine, hostId } = deps;
  const seen = new Map((await engine.list()).map((network) => [network.name, network]));
  // Read after the look: a network made in between is then no unknown one.
  const rows = await database.transaction({ tenantId: '*' }, (sql) => createPgVpcRepository(sql).idsOnHost(hostId));
  const names = new Map(rows.map((row) => [engine.nameOf(row.id), row]));
  const drifted = rows.filter(
    (row) => !row.deleted && row.status === 'active' && !seen.get(engine.nameOf(row.id))?.healthy,
  );
  if (drifted.length > 0) {
    await database.transaction({ tenantId: '*' }, async (sql) => {
      for (const row of drifted) {
        const vpc = await createPgVpcRepository(sql).load(row.id);
        if (vpc) await wake(sql, { kind: 'vpc', id: vpc.id, tenantId: vpc.tenant_id, hostId });
      }
    });
  }
  return { drifted: drifted.length, unknown: [...seen.keys()].filter((name) => !names.has(name)) };
}
