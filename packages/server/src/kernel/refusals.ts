import { createAdmission } from './admission.ts';
import { type Acted, recordRefusal, type Trace } from './audit.ts';
import { ANONYMOUS_USER_ID, type Caller, type Origin, userIdOf } from './caller.ts';
import type { Clock } from './clock.ts';
import type { Denial } from './errors.ts';
import { newId } from './ids.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Database } from './sql/pool.ts';
import { createTokenBuckets } from './token-bucket.ts';

/** The audit rows of attempts that were refused. */
export interface Refusals {
  /** Whether one more may be written in this trail; counts it as dropped if not. */
  take(tenantId: string | undefined, userId: string): boolean;
  /** Writes the row in a transaction of its own. A failure is logged: the caller's answer stays what it was. */
  record(trace: Trace): Promise<void>;
  /**
   * Writes down a denial at the door: a row in the trail of the tenant that the key belongs to and, if the caller asked for a tenant where it
   * is not a member, one in that tenant's. The second says from where the attempt came, and not whose it was.
   */
  recordDenial(operation: Acted, denial: Denial, origin: Origin): Promise<void>;
}

/** Refusals of one trail that are written, each second and at once. */
const RATE = { perSecond: 10, burst: 100 };
/** Most trails whose refusals are counted, each for itself: more than are active on one machine. The longest quiet is forgotten first. */
const MAX_TRAILS = 1_000;
/** Most refusals that wait for a connection, and for how long. */
const MAX_WAITING = 400;
const MAX_WAIT_MS = 10_000;

export function createRefusals(deps: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Connections that are left for it, however busy tenants keep their shares. */
  readonly slots: number;
}): Refusals {
  const { database, clock, log, metrics, slots } = deps;
  const buckets = createTokenBuckets(clock, RATE, MAX_TRAILS);
  const admission = createAdmission({ slots, perTenant: 1, maxWaiting: MAX_WAITING, maxWaitMs: MAX_WAIT_MS }, clock);

  const takeOf = (trail: string): boolean => {
    const taken = buckets.of(trail).take();
    if (taken) metrics.audited('refused');
    else metrics.refusalDropped();
    return taken;
  };
  const take: Refusals['take'] = (tenantId, userId) => takeOf(tenantId ?? userId);

  const write = async (trace: Trace): Promise<void> => {
    const { tenantId } = trace;
    try {
      await admission.run(tenantId ?? '', false, () =>
        database.transaction({}, (sql) => recordRefusal(sql, trace, newId(clock.now()))),
      );
    } catch (error) {
      // That the attempt could not be audited is an operator's matter.
      log.error({ err: error, operation: trace.operation.name }, 'a refused attempt could not be audited');
    }
  };

  const record: Refusals['record'] = async (trace) => {
    if (take(trace.tenantId, trace.userId ?? userIdOf(trace.caller))) await write(trace);
  };

  return {
    take,
    record,
    async recordDenial(operation, { userId, keyId, tenantId, aimedAt }, origin) {
      const caller: Caller = { kind: 'anonymous' };
      const trace = { operation, caller, resourceId: undefined, keyId };
      await record({
        ...trace,
        origin,
        userId,
        tenantId,
        metadata: aimedAt === undefined ? {} : { denied: 'not a member of the tenant', tenant_id: aimedAt.tenantId },
      });
      // Counted apart: who floods a foreign tenant from outside must not use up what is written of its own members' attempts.
      if (!aimedAt?.exists || !takeOf(`aimed at ${aimedAt.tenantId}`)) return;
      await write({
        ...trace,
        origin: { requestId: origin.requestId, ...(origin.ip === undefined ? {} : { ip: origin.ip }) },
        userId: ANONYMOUS_USER_ID,
        keyId: undefined,
        tenantId: aimedAt.tenantId,
        metadata: { denied: 'not a member of this tenant' },
      });
    },
  };
}
