import { scheduleActions } from './aws/scheduler.ts';
import { countLive } from '../../kernel/resource.ts';
import { service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { cronExamples } from './examples.ts';
import { type CronCallerDeps, cronCalls } from './calls.ts';
import { createCronHandlers } from './handlers.ts';
import { CRON_JOBS, cronJobKind } from './job.ts';
import { cronOperations } from './operations.ts';
import type { TargetDeps } from './spec.ts';
import { createCronWorker, type CronWorkerDeps } from './worker.ts';

export interface CronDeps extends TargetDeps {
  readonly worker?: CronWorkerDeps;
  /** In the API's process. */
  readonly calls?: CronCallerDeps | undefined;
}

/** Jobs that send a message to a queue, or call a URL, at the times of a schedule. */
export const createCronService = ({ worker, calls, ...deps }: CronDeps) =>
  service({
    name: 'cron',
    resource: 'cron',
    title: 'Cron jobs',
    operations: cronOperations,
    handlers: createCronHandlers(deps),
    kinds: { cron_job: cronJobKind },
    quotas: { cron_jobs: { max: 1_000, noun: 'cron jobs', free: 'Delete a cron job' } },
    usage: async (sql, { tenantId }) => ({ cron_jobs: await countLive(sql, CRON_JOBS, tenantId) }),
    blocks: { tenant: { noun: 'cron job', count: (sql: Sql, id: string) => countLive(sql, CRON_JOBS, id) } },
    retention: [{ table: 'cron_job_runs', key: 'id', over: `started_at < now() - interval '7 days'` }],
    ...(calls ? { apiRepeats: [cronCalls(calls)] } : {}),
    ...(worker ? { worker: createCronWorker(worker) } : {}),
    console: {
      group: 'messages',
      icon: 'clock',
      order: 3,
      summary: 'A cron job sends a message to a queue, or calls a URL, at the times of a schedule.',
      columns: ['name', 'status', 'schedule', 'timezone', 'next_run_at'],
      references: { target_queue_id: 'queue', user_id: 'member' },
    },
    aws: [scheduleActions],
    examples: cronExamples,
  });
