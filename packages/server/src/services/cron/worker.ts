import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { fire, type Tick } from './fire.ts';
import type { CronJobRow } from './job.ts';
import { createPgCronJobRepository } from './job-repository.pg.ts';
import { dueTicks } from './timing.ts';

export interface CronWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two looks for jobs whose tick has come: a tick runs within a second of its time. */
const LOOK_MS = 250;
/** Jobs in one transaction. */
const BATCH = 200;

/** What a worker does for cron jobs. Several look for themselves: a row's lock keeps each tick with one of them. */
export const createCronWorker = (deps: CronWorkerDeps): WorkerSide => ({
  repeats: [{ name: 'cron', ms: LOOK_MS, run: (signal) => fireDue(deps, signal) }],
});

/** Runs all jobs whose tick has come. A worker that dies has committed a tick with its message and its run, or nothing of it. */
export async function fireDue({ database, clock, log }: CronWorkerDeps, signal: AbortSignal): Promise<void> {
  for (let taken = BATCH; taken === BATCH; ) {
    signal.throwIfAborted();
    taken = await database.transaction({ tenantId: '*' }, async (sql) => {
      const now = new Date(clock.now());
      const jobs = createPgCronJobRepository(sql);
      const due = await jobs.takeDue(now, BATCH);
      if (due.length === 0) return 0;
      const plans = due.map((job) => ({ job, ...planOf(job, now, log) }));
      const ticks = plans.flatMap(({ job, ticks: own }) => own.map((at): Tick => ({ job, at })));
      await fire(sql, ticks, now);
      await jobs.proceed(
        plans.map(({ job, ticks: own, next }) => ({ id: job.id, ranAt: own.length > 0 ? now : null, next })),
      );
      return due.length;
    });
  }
}

/** A job whose schedule cannot be read any more, because its zone is gone, holds up none of the others. */
function planOf(job: CronJobRow & { readonly next_run_at: Date }, now: Date, log: Log): ReturnType<typeof dueTicks> {
  try {
    return dueTicks(job, now);
  } catch (error) {
    log.warn({ err: error, job: job.id }, 'the schedule of a cron job cannot be read; it does not run any more');
    return { ticks: [], next: null };
  }
}
