import type { Clock } from '../../kernel/clock.ts';
import { CloudError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { fire, type Tick } from './fire.ts';
import { createPgCronJobRepository, type DueJob } from './job-repository.pg.ts';
import { dueTicks } from './timing.ts';

export interface CronWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'histogram' | 'counters'>;
}

/** Between two looks for jobs whose tick has come: a tick runs within a second of its time. */
const LOOK_MS = 250;
/** Jobs in one transaction. */
const BATCH = 200;

/** What a worker does for cron jobs. Several look for themselves: a row's lock keeps each tick with one of them. */
export function createCronWorker(deps: CronWorkerDeps): WorkerSide {
  const meters: Meters = {
    observeLate: deps.metrics.histogram(
      'thecloud_cron_late_seconds',
      'From when a tick of a cron job was due to its run',
    ),
    countRuns: deps.metrics.counters(
      'thecloud_cron_runs_total',
      'Runs of cron jobs at ticks, by how they began',
      'status',
    ),
  };
  return { repeats: [{ name: 'cron', ms: LOOK_MS, run: (signal) => fireDue(deps, signal, meters) }] };
}

interface Meters {
  readonly observeLate: (ms: number) => void;
  readonly countRuns: (status: string, by: number) => void;
}

/** Runs all jobs whose tick has come. A worker that dies has committed a tick with its message and its run, or nothing of it. */
export async function fireDue(
  { database, clock, log }: Pick<CronWorkerDeps, 'database' | 'clock' | 'log'>,
  signal: AbortSignal,
  meters?: Meters,
): Promise<void> {
  for (let taken = BATCH; taken === BATCH; ) {
    signal.throwIfAborted();
    const { jobs, runs } = await database.transaction({ tenantId: '*' }, async (sql) => {
      const now = new Date(clock.now());
      const repository = createPgCronJobRepository(sql);
      const due = await repository.takeDue(now, BATCH);
      if (due.length === 0) return { jobs: due, runs: [] };
      const plans = due.map((job) => planOf(job, now, log));
      const fired = await fire(
        sql,
        plans.flatMap(({ ticks }) => ticks),
        now,
      );
      await repository.proceed(
        plans.map(({ job, ticks, next }) => ({ id: job.id, ranAt: ticks.length > 0 ? now : null, ...next })),
      );
      return { jobs: due, runs: fired };
    });
    taken = jobs.length;
    for (const job of jobs) meters?.observeLate(Math.max(0, clock.now() - job.due_at.getTime()));
    for (const status of new Set(runs.map((run) => run.status)))
      meters?.countRuns(status, runs.filter((run) => run.status === status).length);
  }
}

/** A job whose schedule cannot be read any more, because its zone is gone, says so in a run and holds up none of the others. */
function planOf(job: DueJob, now: Date, log: Log) {
  try {
    const { ticks, next } = dueTicks(job, now);
    return { job, next, ticks: ticks.map((at): Tick => ({ job, at })) };
  } catch (error) {
    log.warn({ err: error, job: job.id }, 'the schedule of a cron job cannot be read; it does not run any more');
    const flaw = error instanceof CloudError ? error.message : 'the schedule cannot be read';
    return {
      job,
      next: { next_run_at: null, due_at: null },
      ticks: [{ job, at: job.next_run_at, flaw } satisfies Tick],
    };
  }
}
