import type { Clock } from './clock.ts';
import { orAgain } from './database-errors.ts';
import { CloudError } from './errors.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Notifier } from './notifier.ts';
import {
  type Claim,
  claim,
  claimParked,
  extendLease,
  fail,
  forget,
  isHeld,
  park,
  settle,
  type Wanted,
  WAKE_CHANNEL,
} from './reconcile-queue.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';

/**
 * The result of a pass. `again` is progress, with the next step due in `ms`; an exception is a failure and backs off. `because` is for the
 * operator and may be an engine's text: what the resource waits for, or why the platform gave up. `parked` is a failure that held a lane for
 * long and will again: it is retried rarely, outside the lanes of other work.
 */
export type Outcome =
  | { readonly kind: 'settled'; readonly because?: string }
  | { readonly kind: 'again'; readonly ms: number; readonly because: string }
  | { readonly kind: 'parked'; readonly because: string }
  | { readonly kind: 'gone' };

export const settled: Outcome = { kind: 'settled' };
export const gone: Outcome = { kind: 'gone' };
/** Settled, but failed. An empty reason keeps the previous one. */
export const givenUp = (because: string): Outcome => ({ kind: 'settled', because });
export const parked = (because: string): Outcome => ({ kind: 'parked', because });
export const again = (ms: number, because: string): Outcome => ({ kind: 'again', ms, because });

/** One pass over one resource. It gets only an id; what to do follows from the database and the engine. */
export interface Pass {
  readonly id: string;
  readonly tenantId: string | null;
  /** Consecutive failed passes, including this one; a wake resets the count. */
  readonly attempts: number;
  /** Milliseconds since the first of these passes began. */
  readonly failingMs: number;
  /** Aborts when the lease is lost or the worker stops. */
  readonly signal: AbortSignal;
  /** Reads over all tenants. */
  read<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * A short transaction over all tenants. Its last statement checks the lease and rolls back if the lease is lost. Never call an engine in it.
   * `fn` may run more than once.
   */
  commit<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
}

export interface Reconciler {
  readonly kind: string;
  /** Maximum number of concurrent passes. One tenant gets half of them at most, rounded up. */
  readonly concurrency: number;
  /** Milliseconds after which a settled resource gets another pass, spread by ±20 %. */
  readonly resyncMs: number;
  pass(pass: Pass): Promise<Outcome>;
}

export interface ReconcileDeps {
  readonly database: Database;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly hostId: string;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** For tests: waits before each commit and each settle, to widen races. */
  readonly slowdown?: () => Promise<void>;
}

/** Duration of a lease without a renewal; engine calls are shorter. */
export const LEASE_MS = 30_000;
/** How long a pass relies on its lease. Without the database, it has the remaining 3 s to end before another worker may begin. */
export const RELY_MS = 27_000;
/** Time for aborted passes to release their rows. */
const GIVE_BACK_MS = 500;
/** Longest back-off, and longest pause between two steps. */
const LONGEST_NAP_MS = 10 * 60_000;
/** How long the loop sleeps without a notification. */
const IDLE_POLL_MS = 1_000;

/** Concurrent passes over parked work, of all kinds together. */
const PARKED_LANES = 2;

class LeaseLost extends Error {}

const ALL = { tenantId: '*' } as const;

export interface RunningReconcilers {
  /** Claims no new work, waits up to `deadlineMs` for the passes to end, then aborts them. */
  stop(deadlineMs: number): Promise<void>;
}

interface InHand {
  readonly pass: Promise<void>;
  readonly tenantId: string | null;
  readonly isParked: boolean;
}

/** The state of one kind in the loop. */
interface Lane {
  readonly reconciler: Reconciler;
  /** Running passes, by id. A resource's next pass waits until the present one has ended, even after the lease expired. */
  readonly inHand: Map<string, InHand>;
  /** The tenant that was served last, for taking turns. */
  after: string | null;
}

/** Starts one loop for all kinds. One claim takes work for every kind with a free slot. */
export function startReconcilers(reconcilers: readonly Reconciler[], deps: ReconcileDeps): RunningReconcilers {
  const { database, clock, log } = deps;
  const stopping = new AbortController();
  const aborting = new AbortController();
  const lanes = new Map<string, Lane>(
    reconcilers.map((reconciler) => [reconciler.kind, { reconciler, inHand: new Map(), after: null }]),
  );
  let ring: () => void = () => undefined;
  let lookedForParked = Number.NEGATIVE_INFINITY;
  const unsubscribe = deps.notifier.subscribe(WAKE_CHANNEL, (payload) => {
    if (payload === '' || lanes.has(payload)) ring();
  });
  stopping.signal.addEventListener('abort', () => ring(), { once: true });

  const start = (lane: Lane, held: Claim, since: number, isParked: boolean) => {
    const pass = runPass(lane.reconciler, held, since, deps, aborting.signal)
      .then((againMs) => {
        if (againMs !== undefined)
          clock.sleep(againMs, stopping.signal).then(
            () => ring(),
            () => undefined,
          );
      })
      .finally(() => {
        lane.inHand.delete(held.id);
        ring();
      });
    lane.inHand.set(held.id, { pass, tenantId: held.tenant_id, isParked });
  };

  async function claimWork(): Promise<void> {
    const inHand = [...lanes].flatMap(([kind, lane]) =>
      [...lane.inHand].map(([id, { isParked }]) => ({ kind, id, isParked })),
    );
    const wanted = [...lanes.values()].map(wantedOf).filter(({ slots }) => slots > 0);
    const since = clock.monotonic();
    // Its tries are minutes apart, so that busy lanes need not look for it with each claim.
    const looksForParked = since - lookedForParked >= IDLE_POLL_MS;
    const parkedSlots = looksForParked ? PARKED_LANES - inHand.filter(({ isParked }) => isParked).length : 0;
    if (looksForParked) lookedForParked = since;
    if (wanted.length === 0 && parkedSlots <= 0) return;
    const [claims, parkedClaims] = await database.transaction(ALL, (sql) =>
      Promise.all([
        wanted.length > 0 ? claim(sql, wanted, inHand, deps.hostId, LEASE_MS) : [],
        parkedSlots > 0 ? claimParked(sql, [...lanes.keys()], parkedSlots, inHand, deps.hostId, LEASE_MS) : [],
      ]),
    );
    for (const held of claims) {
      const lane = lanes.get(held.kind)!;
      lane.after = held.tenant_id;
      start(lane, held, since, false);
    }
    for (const held of parkedClaims) start(lanes.get(held.kind)!, held, since, true);
  }

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const rung = new Promise<void>((resolve) => {
        ring = resolve;
      });
      await claimWork().catch((error: unknown) => log.warn({ err: error }, 'could not claim work; trying again'));
      await atMost(IDLE_POLL_MS, rung, clock);
    }
    unsubscribe();
  })();
  const passes = () =>
    Promise.all([...lanes.values()].flatMap((lane) => [...lane.inHand.values()].map(({ pass }) => pass)));
  return {
    async stop(deadlineMs) {
      stopping.abort(new Error('the worker stops'));
      await loop;
      await atMost(deadlineMs, passes(), clock);
      aborting.abort(new Error('the worker stops'));
      // What heard of it gives its row back; what is inside an engine's call does not hear.
      await atMost(GIVE_BACK_MS, passes(), clock);
    },
  };
}

/** What a claim may take for a kind, beside what is in hand. */
function wantedOf({ reconciler, inHand, after }: Lane): Wanted {
  const ordinary = [...inHand.values()].filter(({ isParked }) => !isParked);
  const counts = new Map<string, number>();
  for (const { tenantId } of ordinary) if (tenantId) counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
  return {
    kind: reconciler.kind,
    slots: reconciler.concurrency - ordinary.length,
    after,
    // Back-offs and rests are shorter; the resync is spread.
    longestNapMs: Math.max(LONGEST_NAP_MS, reconciler.resyncMs * 1.25),
    share: Math.ceil(reconciler.concurrency / 2),
    busy: [...counts].map(([tenant, count]) => ({ tenant, count })),
  };
}

/** Waits for it, and no longer than `ms`. */
async function atMost(ms: number, what: Promise<unknown>, clock: Clock): Promise<void> {
  const waited = new AbortController();
  await Promise.race([what, clock.sleep(ms, waited.signal).catch(() => undefined)]);
  waited.abort(new Error('done'));
}

/** Runs one pass to its end, under a lease that was asked for at `since`. Returns after how many milliseconds the next is due, where that is soon. */
async function runPass(
  reconciler: Reconciler,
  held: Claim,
  since: number,
  deps: ReconcileDeps,
  stop: AbortSignal,
): Promise<number | undefined> {
  const { database, clock, log, metrics } = deps;
  const thing = { kind: held.kind, id: held.id };
  const lost = new AbortController();
  const ended = new AbortController();
  const started = clock.monotonic();
  const heart = keepLease(held, since, deps, ended.signal, lost);
  let label = 'failed';
  try {
    const outcome = await reconciler.pass({
      id: held.id,
      tenantId: held.tenant_id,
      attempts: held.attempts,
      failingMs: held.failing_ms,
      signal: AbortSignal.any([stop, lost.signal]),
      read: (fn) => database.transaction(ALL, fn, { readOnly: true }),
      // Two passes that wake each other's things may meet in a deadlock.
      commit: (fn) =>
        orAgain(() =>
          database.transaction(ALL, async (sql) => {
            const result = await fn(sql);
            await deps.slowdown?.();
            if (!(await isHeld(sql, held)))
              throw new LeaseLost(`the lease of ${held.kind} ${held.id} is no longer ours`);
            return result;
          }),
        ),
    });
    await deps.slowdown?.();
    label = outcome.kind;
    const nap = outcome.kind === 'again' ? outcome.ms : reconciler.resyncMs * (0.8 + 0.4 * deps.random());
    const because = outcome.kind === 'settled' ? outcome.because : undefined;
    if (because) log.warn({ ...thing, because }, 'given up');
    if (outcome.kind === 'parked') log.warn({ ...thing, because: outcome.because }, 'parked');
    await database.transaction(ALL, (sql) => {
      if (outcome.kind === 'gone') return forget(sql, held);
      return outcome.kind === 'parked' ? park(sql, held, outcome.because) : settle(sql, held, nap, because);
    });
    return outcome.kind === 'again' ? outcome.ms : undefined;
  } catch (error) {
    // An end by the process's end is not a failure: the next worker takes it immediately.
    const cutOff = stop.aborted && !lost.signal.aborted;
    if (cutOff) label = 'again';
    else if (error instanceof LeaseLost || (error instanceof CloudError && error.code === 'UNAVAILABLE'))
      log.warn({ err: error, ...thing }, 'pass given up');
    else log.warn({ err: error, ...thing, attempts: held.attempts }, 'pass failed; it backs off');
    const reason = error instanceof Error ? error.message : String(error);
    await database
      .transaction(ALL, (sql) => (cutOff ? settle(sql, held, 0) : fail(sql, held, reason)))
      // The lease runs out by itself and the row is due again: nothing is lost but time.
      .catch((inner: unknown) => log.warn({ err: inner, ...thing }, 'could not record how a pass ended'));
    return undefined;
  } finally {
    ended.abort(new Error('pass over'));
    await heart;
    metrics.pass(held.kind, label, clock.monotonic() - started);
  }
}

/** Prolongs a lease until its pass has ended. Calls it lost when another worker has it, and when the database cannot be asked for too long. */
async function keepLease(
  held: Claim,
  since: number,
  { clock, database, log }: ReconcileDeps,
  ended: AbortSignal,
  lost: AbortController,
): Promise<void> {
  let relied = since + RELY_MS;
  const watch = async () => {
    while (clock.monotonic() < relied) await clock.sleep(relied - clock.monotonic(), ended);
    lost.abort(new LeaseLost(`the database could not be asked for ${RELY_MS} ms whether the lease is still ours`));
  };
  const beat = async () => {
    while (!lost.signal.aborted) {
      const asked = clock.monotonic();
      try {
        const ours = await database.transaction(ALL, (sql) => extendLease(sql, held, LEASE_MS), { signal: ended });
        if (ours) relied = asked + RELY_MS;
        else lost.abort(new LeaseLost('the lease ran out or another worker has it'));
      } catch (error) {
        if (!ended.aborted)
          log.warn({ err: error, kind: held.kind, id: held.id }, 'could not renew the lease of a pass');
      }
      await clock.sleep(LEASE_MS / 3, ended);
    }
  };
  await Promise.allSettled([watch(), clock.sleep(LEASE_MS / 3, ended).then(beat)]);
}
