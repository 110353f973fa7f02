import type { Clock } from './clock.ts';
import { CloudError } from './errors.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Notifier } from './notifier.ts';
import { type Claim, claim, extendLease, fail, forget, isHeld, settle, WAKE_CHANNEL } from './reconcile-queue.ts';
import type { Database } from './sql/pool.ts';
import type { Sql } from './sql/tx.ts';

/** What a pass came to. `again` is progress (the next step is due in `ms`), a throw is a failure and backs off. */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'again'; readonly ms: number; readonly because: string }
  | { readonly kind: 'gone' };

export const settled: Outcome = { kind: 'settled' };
export const gone: Outcome = { kind: 'gone' };
export const again = (ms: number, because: string): Outcome => ({ kind: 'again', ms, because });

/** One pass over one thing. It gets an id and nothing else: what to do follows from the database and the world. */
export interface Pass {
  readonly id: string;
  readonly tenantId: string | null;
  readonly attempts: number;
  /** Aborts when the lease is lost or the worker stops. */
  readonly signal: AbortSignal;
  /** Reads over all tenants. */
  read<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
  /** A short transaction over all tenants; last it checks the lease, and rolls back when it is no longer ours. Never around an engine call. */
  commit<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
}

export interface Reconciler {
  readonly kind: string;
  /** Passes at once. */
  readonly concurrency: number;
  /** Milliseconds after which a settled thing is looked at again, spread by ±20 %. */
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
  /** Test: waits before each commit and each settle, to widen the windows of races. */
  readonly slowdown?: () => Promise<void>;
}

/** A pass has this long between two beats of its heart; engine calls are shorter. */
export const LEASE_MS = 30_000;
/** How long passes that were cut off have to give their rows back. */
const GIVE_BACK_MS = 500;
/** How long the loop sleeps when nothing announces work. */
const IDLE_POLL_MS = 1_000;

class LeaseLost extends Error {}

const ALL = { tenantId: '*' } as const;

export interface RunningReconcilers {
  /** Takes no new work, lets the passes end within `deadlineMs`, then aborts them. */
  stop(deadlineMs: number): Promise<void>;
}

export function startReconcilers(reconcilers: readonly Reconciler[], deps: ReconcileDeps): RunningReconcilers {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const running = new Set<Promise<void>>();
  const loops = reconcilers.map((reconciler) =>
    runLoop(reconciler, deps, { claims: stopping.signal, passes: aborting.signal }, running),
  );
  return {
    async stop(deadlineMs) {
      stopping.abort(new Error('the worker stops'));
      await Promise.all(loops);
      await endOf(running, deadlineMs, deps.clock);
      aborting.abort(new Error('the worker stops'));
      // They give their rows back; those inside an engine's call leave it.
      await endOf(running, GIVE_BACK_MS, deps.clock);
    },
  };
}

/** Waits for all, and no longer than `ms`. */
async function endOf(running: ReadonlySet<Promise<void>>, ms: number, clock: Clock): Promise<void> {
  const waited = new AbortController();
  await Promise.race([Promise.all(running), clock.sleep(ms, waited.signal).catch(() => undefined)]);
  waited.abort(new Error('done'));
}

/** What ends the claiming, and what ends the passes under way. */
interface Stops {
  readonly claims: AbortSignal;
  readonly passes: AbortSignal;
}

async function runLoop(
  reconciler: Reconciler,
  deps: ReconcileDeps,
  stops: Stops,
  running: Set<Promise<void>>,
): Promise<void> {
  const { database, clock, log, notifier } = deps;
  const stop = stops.claims;
  let active = 0;
  let kick: () => void = () => undefined;
  const unsubscribe = notifier.subscribe(WAKE_CHANNEL, (payload) => {
    if (payload === reconciler.kind || payload === '') kick();
  });
  stop.addEventListener('abort', () => kick(), { once: true });
  let kicked = false;

  const start = (held: Claim) => {
    active++;
    const done = runPass(reconciler, held, deps, stops.passes)
      .then((againMs) => {
        if (againMs !== undefined)
          clock.sleep(againMs, stop).then(
            () => kick(),
            () => undefined,
          );
      })
      .finally(() => {
        active--;
        running.delete(done);
        kick();
      });
    running.add(done);
  };

  while (!stop.aborted) {
    kicked = false;
    const wait = new Promise<void>((resolve) => {
      kick = () => {
        kicked = true;
        resolve();
      };
    });
    if (active < reconciler.concurrency) {
      try {
        const claims = await database.transaction(ALL, (sql) =>
          claim(sql, reconciler.kind, deps.hostId, reconciler.concurrency - active, LEASE_MS),
        );
        for (const held of claims) start(held);
        if (claims.length > 0 && active < reconciler.concurrency) continue;
      } catch (error) {
        log.warn({ err: error, kind: reconciler.kind }, 'could not claim work; trying again');
      }
    }
    if (kicked || stop.aborted) continue;
    const nap = new AbortController();
    await Promise.race([wait, clock.sleep(IDLE_POLL_MS, nap.signal).catch(() => undefined)]);
    nap.abort(new Error('awake'));
  }
  unsubscribe();
}

/** Runs one pass to its end. Returns after how many milliseconds the next is due, where that is soon. */
async function runPass(
  reconciler: Reconciler,
  held: Claim,
  deps: ReconcileDeps,
  stop: AbortSignal,
): Promise<number | undefined> {
  const { database, clock, log, metrics } = deps;
  const lost = new AbortController();
  const beating = new AbortController();
  const signal = AbortSignal.any([stop, lost.signal]);
  const started = clock.monotonic();
  const heart = beat(held, deps, beating.signal, lost);
  let label = 'failed';
  try {
    const outcome = await reconciler.pass({
      id: held.id,
      tenantId: held.tenant_id,
      attempts: held.attempts,
      signal,
      read: (fn) => database.transaction(ALL, fn, { readOnly: true }),
      commit: (fn) =>
        database.transaction(ALL, async (sql) => {
          const result = await fn(sql);
          await deps.slowdown?.();
          if (!(await isHeld(sql, held))) throw new LeaseLost(`the lease of ${held.kind} ${held.id} is no longer ours`);
          return result;
        }),
    });
    await deps.slowdown?.();
    label = outcome.kind;
    if (outcome.kind === 'gone') await database.transaction(ALL, (sql) => forget(sql, held));
    else {
      const nap = outcome.kind === 'again' ? outcome.ms : reconciler.resyncMs * (0.8 + 0.4 * deps.random());
      await database.transaction(ALL, (sql) => settle(sql, held, nap));
      if (outcome.kind === 'again') return outcome.ms;
    }
    return undefined;
  } catch (error) {
    if (stop.aborted && !lost.signal.aborted) {
      // Cut off by the end of the process, not by a failure: due at once for whoever comes next.
      label = 'again';
      await database
        .transaction(ALL, (sql) => settle(sql, held, 0))
        .catch((inner: unknown) =>
          log.warn(
            { err: inner, kind: held.kind, id: held.id },
            'could not give a pass back; its lease runs out by itself',
          ),
        );
      return undefined;
    }
    if (error instanceof LeaseLost || (error instanceof CloudError && error.code === 'UNAVAILABLE')) {
      log.warn({ err: error, kind: held.kind, id: held.id }, 'pass given up');
    } else log.warn({ err: error, kind: held.kind, id: held.id, attempts: held.attempts }, 'pass failed; it backs off');
    await database
      .transaction(ALL, (sql) => fail(sql, held, error instanceof Error ? error.message : String(error)))
      // The lease runs out by itself and the row is due again: nothing is lost but time.
      .catch((inner: unknown) =>
        log.warn({ err: inner, kind: held.kind, id: held.id }, 'could not note a failed pass'),
      );
    return undefined;
  } finally {
    beating.abort(new Error('pass over'));
    await heart;
    metrics.pass(held.kind, label, clock.monotonic() - started);
  }
}

async function beat(held: Claim, deps: ReconcileDeps, over: AbortSignal, lost: AbortController): Promise<void> {
  for (;;) {
    const slept = await deps.clock.sleep(LEASE_MS / 3, over).then(
      () => true,
      () => false,
    );
    if (!slept) return;
    try {
      if (await deps.database.transaction(ALL, (sql) => extendLease(sql, held, LEASE_MS))) continue;
      lost.abort(new LeaseLost('another worker took it over'));
      return;
    } catch (error) {
      deps.log.warn({ err: error, kind: held.kind, id: held.id }, 'heart missed a beat');
    }
  }
}
