import { recordEvent } from '../../kernel/audit.ts';
import { EngineError } from '../../kernel/engine-error.ts';
import { newId } from '../../kernel/ids.ts';
import { again, gone, type Outcome, type Pass, type Reconciler, settled } from '../../kernel/reconcile.ts';
import { wake } from '../../kernel/reconcile-queue.ts';
import { hostNameOf } from './host-name.ts';
import type { NetworkEngine, NetworkSpec } from './network-engine.ts';
import type { VpcRow } from './vpc.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

/** Milliseconds until a VPC that waits for its last instances to go is looked at again. */
const EMPTYING_MS = 250;

export interface VpcReconcilerDeps {
  readonly engine: NetworkEngine;
  readonly hostId: string;
}

/** Keeps each VPC's network as its row says, on the host that owns it. */
export function createVpcReconciler(deps: VpcReconcilerDeps): Reconciler {
  const { engine, hostId } = deps;

  async function pass(pass: Pass): Promise<Outcome> {
    const found = await pass.read((sql) => createPgVpcRepository(sql).load(pass.id));
    if (!found) return gone;
    if (found.deleted_at) return remove(pass, found);

    const ready = await engine.availability();
    if (!ready.ok) {
      await writeStatus(pass, found, 'pending', ready.missing);
      return again(5_000, ready.missing);
    }
    const row =
      found.uplink_index === null || found.host_id === null
        ? await pass.commit((sql) => createPgVpcRepository(sql).assignUplink(found.id, hostId))
        : found;
    try {
      await engine.ensure(specOf(row), pass.signal);
      const inside = await pass.read((sql) => createPgVpcRepository(sql).names(row.id));
      await engine.setNames(
        row.id,
        inside.map(({ id, name, address }) => ({ name: hostNameOf(name, id).toLowerCase(), address })),
        pass.signal,
      );
    } catch (error) {
      pass.signal.throwIfAborted();
      if (error instanceof EngineError && error.kind === 'invalid') {
        await writeStatus(pass, row, 'error', error.message);
        return settled;
      }
      await writeStatus(pass, row, row.status, error instanceof Error ? error.message : String(error));
      throw error;
    }
    await writeStatus(pass, row, 'active', null);
    return settled;
  }

  async function remove(pass: Pass, row: VpcRow): Promise<Outcome> {
    const left = await pass.read((sql) => createPgVpcRepository(sql).countLeftInside(row.id));
    if (left > 0) return again(EMPTYING_MS, `${left} instances are still being removed`);
    await engine.remove(row.id, pass.signal);
    await pass.commit(async (sql) => {
      await createPgVpcRepository(sql).remove(row.id);
      await event(sql, row, 'VPC_DELETED', {});
    });
    return gone;
  }

  async function writeStatus(pass: Pass, row: VpcRow, status: VpcRow['status'], reason: string | null): Promise<void> {
    if (row.status === status && row.status_reason === reason && row.observed_version === row.version) return;
    await pass.commit(async (sql) => {
      await createPgVpcRepository(sql).writeStatus(row.id, status, reason, row.version);
      if (row.status === status) return;
      await event(sql, row, `VPC_${status.toUpperCase()}`, reason ? { reason } : {});
      if (status === 'active') await wakeInstances(sql, row);
    });
  }

  return { kind: 'vpc', concurrency: 4, resyncMs: 600_000, pass };
}

type Sql = Parameters<typeof createPgVpcRepository>[0];

const specOf = (row: VpcRow): NetworkSpec => ({ vpcId: row.id, cidr: row.cidr_block, uplinkIndex: row.uplink_index! });

const event = (sql: Sql, row: VpcRow, type: string, metadata: object): Promise<void> =>
  recordEvent(sql, {
    id: newId(),
    tenantId: row.tenant_id,
    actor: 'system:vpc',
    type,
    resourceType: 'vpc',
    resourceId: row.id,
    metadata,
  });

/** Instances that were launched before their network was there go on at once. */
async function wakeInstances(sql: Sql, row: VpcRow): Promise<void> {
  const waiting = await sql.query<{ id: string; host_id: string | null }>(
    'vpcs.waiting_instances',
    `select id, host_id from instances where vpc_id = $1 and status = 'STARTING' and deleted_at is null limit 1000`,
    [row.id],
  );
  for (const instance of waiting)
    await wake(sql, { kind: 'instance', id: instance.id, tenantId: row.tenant_id, hostId: instance.host_id });
}
