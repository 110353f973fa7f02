import { createAdmission } from './admission.ts';
import type { Acted } from './audit.ts';
import { admit } from './authorise.ts';
import { type Caller, type Origin, tenantIdOf } from './caller.ts';
import type { Clock } from './clock.ts';
import { attemptOf, createControlPath } from './control-path.ts';
import { createDataPath } from './data-path.ts';
import type { DiskRoom } from './disk-room.ts';
import { CloudError, type Denial, internal, invalidInput } from './errors.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Entry, Registry } from './registry.ts';
import { createRefusals } from './refusals.ts';
import type { Sealer } from './seal.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';
import type { WriteBudget } from './write-budget.ts';

/** One pool for each role: what a statement may touch is the role's matter, not the handler's. */
export interface Databases {
  /** `cloud_api`: the control plane of a tenant. */
  readonly api: Database;
  /** `cloud_operator`: what the operator of the platform does, over all tenants. */
  readonly operator: Database;
  /** `cloud_data`: the data plane. */
  readonly data: Sql & Pick<Database, 'stats'>;
}

export interface ExecuteDeps {
  readonly databases: Databases;
  readonly registry: Registry;
  readonly sealer: Pick<Sealer, 'seal' | 'fingerprint' | 'olderFingerprints'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Asked before anything new is stored. Default: there is room. */
  readonly room?: DiskRoom;
  /** How much tenants may write. Default: as much as they like. */
  readonly writes?: WriteBudget;
}

export interface CallOptions {
  readonly origin: Origin;
  readonly idempotencyKey?: string;
  /** The version that the caller last saw (If-Match). */
  readonly ifMatch?: number;
  /** Aborts when the caller has gone: a call of the data plane that waits gives up. */
  readonly signal?: AbortSignal;
}

export interface Executed {
  readonly operation: Entry;
  /** What the wire shows. */
  readonly output: unknown;
  /** Of the thing that is answered, where it is one of a kind. */
  readonly id?: string;
  /** The generation of its spec, for the ETag. */
  readonly version?: number;
  /** Nothing but its end is to come. */
  readonly isDeleting?: boolean;
  /** Bytes that the audit row and the event have of their own. */
  readonly trailBytes?: number;
  /** True when there was nothing to change, and nothing was written. */
  readonly isUnchanged?: true;
  /** True when an Idempotency-Key answered and nothing was done. */
  readonly replayed: boolean;
}

export interface Execute {
  (name: string, caller: Caller, input: unknown, options: CallOptions): Promise<Executed>;
  /** Audits that a door denied a call before it came here. Never rejects. */
  denied(operation: Acted, denial: Denial, origin: Origin): Promise<void>;
}

/** Connections that are left for what no call waits for: keys, health, the audit of refusals. */
const SPARE = 2;
/** Of the pool for one tenant: a quarter, so that three who do their worst leave room. */
const SHARE = 1 / 4;
/**
 * Of the data plane's pool: its statements are short and many of one tenant, and on fewer connections each costs more (51 to 87 µs a call where a
 * tenant has a quarter, measured). The rest is left for others.
 */
const DATA_SHARE = 3 / 4;
/** Most calls of a tenant that wait: twice what one key may have under way. */
const MAX_WAITING = 800;
const MAX_WAIT_MS = 10_000;
/** Of what those without a tenant have together, for one address; and most of its calls that wait, which are as many as it may have under way. */
const ADDRESS_SHARE = 1 / 2;
const MAX_WAITING_OF_ADDRESS = 64;

/**
 * The one door, for every front and every worker that changes the control plane: admit, parse, then the control path (one transaction, audited)
 * or the data path (none).
 */
export function createExecute(deps: ExecuteDeps): Execute {
  const { databases, registry, clock, log, metrics } = deps;
  const admissionTo = (pool: Pick<Database, 'stats'>, spare: number, share: number) => {
    const { max } = pool.stats();
    const limits = { slots: Math.max(1, max - spare), perTenant: Math.max(1, Math.floor(max * share)) };
    return createAdmission({ ...limits, maxWaiting: MAX_WAITING, maxWaitMs: MAX_WAIT_MS }, clock);
  };
  const admission = admissionTo(databases.api, SPARE, SHARE);
  const operators = admissionTo(databases.operator, 0, 1);
  // Of the connections to spare: what a tenant is refused is written down however busy it keeps its share.
  const refusals = createRefusals({ database: databases.api, clock, log, metrics, slots: SPARE });
  const place = Math.max(1, Math.floor(databases.api.stats().max * SHARE));
  const strangers = createAdmission(
    {
      slots: place,
      perTenant: Math.max(1, Math.floor(place * ADDRESS_SHARE)),
      maxWaiting: MAX_WAITING_OF_ADDRESS,
      maxWaitMs: MAX_WAIT_MS,
      of: 'address',
    },
    clock,
  );
  const control = createControlPath(
    deps,
    (entry) => (entry.scope === 'operator' ? operators : admission),
    strangers,
    refusals,
  );
  const data = createDataPath(deps, admission, admissionTo(databases.data, 0, DATA_SHARE));

  const execute = async (name: string, caller: Caller, input: unknown, options: CallOptions): Promise<Executed> => {
    const entry = registry.entries.get(name);
    if (!entry) throw internal(`no operation '${name}'`);
    const started = clock.monotonic();
    let outcome = 'ok';
    try {
      admit(entry, caller);
      const parsed = entry.validate(input) as Record<string, unknown>;
      if (options.ifMatch !== undefined && entry.writes && (entry.plane === 'data' || !entry.targetKind?.version))
        throw invalidInput(
          `${name} does not accept If-Match, because what it writes has no version; remove the header`,
        );
      // What frees room goes on, and so does signing in.
      const { effect } = entry.descriptor;
      if (effect === 'create' || effect === 'update') deps.room?.require();
      if (entry.plane === 'data') return await data.run(entry, caller, parsed, options);
      if (entry.leavesTrace) deps.writes?.require(entry, caller);
      const executed = await control(entry, caller, parsed, options);
      if (entry.leavesTrace && !executed.replayed && !executed.isUnchanged)
        deps.writes?.spend(entry, caller, executed.trailBytes ?? 0);
      if (entry.leavesTrace && !entry.descriptor.live && !executed.replayed && !executed.isUnchanged)
        metrics.audited('allowed');
      const tenantId = tenantIdOf(caller);
      if (entry.writes && tenantId !== undefined) data.forget(tenantId);
      return executed;
    } catch (error) {
      outcome = error instanceof CloudError ? error.code : 'INTERNAL';
      if (error instanceof CloudError && error.code === 'FORBIDDEN' && !error.commits)
        await refusals.record(attemptOf(entry, caller, input, options.origin));
      throw error;
    } finally {
      metrics.operation(name, outcome, clock.monotonic() - started);
    }
  };

  return Object.assign(execute, {
    denied: refusals.recordDenial,
  });
}
