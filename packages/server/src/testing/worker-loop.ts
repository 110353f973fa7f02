import { type Clock, systemClock } from '../kernel/clock.ts';
import { createMetrics, type Metrics } from '../kernel/metrics.ts';
import {
  type Outcome,
  type Pass,
  type Reconciler,
  type RunningReconcilers,
  startReconcilers,
} from '../kernel/reconcile.ts';
import { wake, WAKE_CHANNEL } from '../kernel/reconcile-queue.ts';
import type { Database } from '../kernel/sql/pool.ts';
import { createQuietNotifier, type Seeded } from './seed.ts';
import { memoryLog } from './test-api.ts';

export interface LoopOptions {
  readonly clock?: Clock;
  readonly database?: Database;
  /** Of another loop: a second worker of the same kind. */
  readonly kind?: string;
  readonly concurrency?: number;
  readonly resyncMs?: number;
  /** Of other kinds, in the same loop. */
  readonly others?: readonly Reconciler[];
}

/** A row of the queue, with times as seconds from now. */
export interface QueueRow {
  readonly leased: boolean | null;
  readonly leased_for: number | null;
  readonly due_in: number;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly parked: boolean;
}

export interface Loop {
  readonly worker: RunningReconcilers;
  readonly kind: string;
  readonly logLines: readonly string[];
  readonly metrics: Metrics;
  wake(id: string, tenantId?: string): Promise<void>;
  state(id: string): Promise<QueueRow | undefined>;
}

let kinds = 0;

/** A worker of a kind of its own that does what the test says. */
export function startLoop(
  db: Seeded,
  hostId: string,
  pass: (pass: Pass) => Promise<Outcome>,
  options: LoopOptions = {},
): Loop {
  const kind = options.kind ?? `loop${++kinds}`;
  const notifier = createQuietNotifier();
  const logLines: string[] = [];
  const metrics = createMetrics();
  const worker = startReconcilers(
    [
      { kind, concurrency: options.concurrency ?? 2, resyncMs: options.resyncMs ?? 3_600_000, pass },
      ...(options.others ?? []),
    ],
    {
      database: options.database ?? db.worker,
      notifier,
      clock: options.clock ?? systemClock,
      log: memoryLog(logLines),
      metrics,
      hostId,
      random: () => 0.5,
    },
  );
  return {
    worker,
    kind,
    logLines,
    metrics,
    async wake(id, tenantId) {
      await db.worker.transaction({ tenantId: '*' }, (sql) =>
        wake(sql, { kind, id, tenantId: tenantId ?? null, hostId: null }),
      );
      notifier.tell(WAKE_CHANNEL, kind);
    },
    async state(id) {
      const { rows } = await db.owner.query<QueueRow>(
        `select leased_until > now() as leased, extract(epoch from leased_until - now())::float8 as leased_for,
           extract(epoch from due_at - now())::float8 as due_in, attempts, last_error,
           parked_at is not null as parked
         from reconcile where kind = $1 and id = $2`,
        [kind, id],
      );
      return rows[0];
    },
  };
}

/** A database that is away while `isAway` says so: all of it, or one statement. */
export function flaky(database: Database, isAway: () => boolean, statement?: string): Database {
  const gone = () => new Error('no database');
  return {
    ...database,
    transaction: (scope, work, more) =>
      isAway() && statement === undefined
        ? Promise.reject(gone())
        : database.transaction(
            scope,
            (sql) =>
              work({
                query: (name, text, values) =>
                  isAway() && name === statement ? Promise.reject(gone()) : sql.query(name, text, values),
              }),
            more,
          ),
  };
}

/** A gate that a pass waits at. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
