import { statusChange } from '../../kernel/changes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { EngineError } from '../../kernel/engine-error.ts';
import { endByError, note, noteDelay, type Reconciled, recordPassEvent, requireEngine } from '../../kernel/pass.ts';
import { again, gone, type Outcome, type Pass, type Reconciler, settled } from '../../kernel/reconcile.ts';
import { loadRow, removeTombstone } from '../../kernel/resource.ts';
import type { NetworkEngine } from './network-engine.ts';
import { countInterfaces, listNames, wakeOwners } from './network-interfaces.ts';
import { assignUplink } from './uplinks.ts';
import { type VpcRow, VPCS, vpcStatus } from './vpc.ts';

/** Milliseconds until a VPC that waits for its last contents to go is looked at again; the last one that goes wakes it. */
const EMPTYING_MS = 5_000;

const VPC: Reconciled<VpcRow> = { kind: 'vpc', table: VPCS, failed: 'error', retried: 'pending', statusOf: vpcStatus };

export interface VpcReconcilerDeps {
  readonly engine: NetworkEngine;
  readonly clock: Clock;
  readonly hostId: string;
}

/** Keeps each VPC's network as its row says, on the host that owns it. */
export function createVpcReconciler({ engine, clock, hostId }: VpcReconcilerDeps): Reconciler {
  async function pass(pass: Pass): Promise<Outcome> {
    const found = await pass.read((sql) => loadRow(sql, VPCS, pass.id));
    if (!found) return gone;
    try {
      return found.deleted_at ? await remove(pass, found) : await keep(pass, found);
    } catch (error) {
      const outcome = await endByError(pass, VPC, found, error, clock.now());
      // What its host lacks may come back: only a spec that is invalid waits for another one.
      if (outcome.kind === 'settled' && error instanceof EngineError && error.kind !== 'invalid') throw error;
      return outcome;
    }
  }

  async function keep(pass: Pass, found: VpcRow): Promise<Outcome> {
    await requireEngine(engine);
    const row = found.uplink_index === null ? await pass.commit((sql) => assignUplink(sql, found.id, hostId)) : found;
    await engine.ensure({ vpcId: row.id, cidr: row.cidr_block, uplinkIndex: row.uplink_index! }, pass.signal);
    const names = await pass.read((sql) => listNames(sql, row.id));
    await engine.setNames(row.id, names, pass.signal);
    await note(
      pass,
      VPC,
      row,
      {
        status: 'active',
        status_reason: null,
        reason_code: null,
        phase_deadline: null,
        observed_version: row.version,
      },
      {
        also: async (sql) => {
          if (row.status !== 'active') await wakeOwners(sql, row.id);
        },
      },
    );
    return settled;
  }

  async function remove(pass: Pass, row: VpcRow): Promise<Outcome> {
    const left = await pass.read((sql) => countInterfaces(sql, row.id));
    if (left > 0) {
      const reason =
        left === 1
          ? '1 network interface is still in it; its resource is being removed'
          : `${left} network interfaces are still in it; their resources are being removed`;
      await noteDelay(pass, VPC, row, reason, clock.now());
      return again(EMPTYING_MS, reason);
    }
    await engine.remove(row.id, pass.signal);
    await pass.commit(async (sql) => {
      if (await removeTombstone(sql, VPCS, row.id))
        await recordPassEvent(sql, VPC.kind, row, 'VPC_DELETED', {}, statusChange(vpcStatus(row), null));
    });
    return gone;
  }

  return { kind: VPC.kind, concurrency: 4, resyncMs: 600_000, pass };
}
