import type { PageRequest } from '../../kernel/page.ts';
import { LAST_ID } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { CRON_JOBS, type CronJobRow } from './job.ts';
import type { CronRunRow } from './run.ts';

/** What its maker says of a job. */
export type CronJobSpec = Pick<
  CronJobRow,
  'schedule' | 'timezone' | 'counts_from' | 'target_queue_id' | 'target_payload' | 'missed' | 'status' | 'next_run_at'
>;

const RUN_COLUMNS = 'id, job_id, status, scheduled_at, started_at, ended_at, output, error';

const values = (spec: CronJobSpec): readonly unknown[] => [
  spec.schedule,
  spec.timezone,
  spec.counts_from,
  spec.target_queue_id,
  spec.target_payload,
  spec.missed,
  spec.status,
  spec.next_run_at,
];

export const createPgCronJobRepository = (sql: Sql) => ({
  /** Undefined: the tenant has one of that name. */
  async insert(
    job: CronJobSpec & Pick<CronJobRow, 'id' | 'user_id' | 'tenant_id' | 'name' | 'created_at'>,
  ): Promise<CronJobRow | undefined> {
    const [row] = await sql.query<CronJobRow>(
      'cron_jobs.insert',
      `insert into cron_jobs (id, user_id, tenant_id, name, created_at, updated_at, schedule, timezone, counts_from, target_queue_id, target_payload, missed,
         status, next_run_at)
       values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13)
       on conflict (tenant_id, name) do nothing returning ${CRON_JOBS.columns}`,
      [job.id, job.user_id, job.tenant_id, job.name, job.created_at, ...values(job)],
    );
    return row;
  },

  async rewrite(id: string, spec: CronJobSpec, at: Date): Promise<CronJobRow> {
    const [row] = await sql.query<CronJobRow>(
      'cron_jobs.rewrite',
      `update cron_jobs set schedule = $3, timezone = $4, counts_from = $5, target_queue_id = $6, target_payload = $7, missed = $8, status = $9,
         next_run_at = $10, version = version + 1, updated_at = $2
       where id = $1 returning ${CRON_JOBS.columns}`,
      [id, at, ...values(spec)],
    );
    return row!;
  },

  /** With its runs. */
  async remove(id: string): Promise<void> {
    await sql.query('cron_jobs.delete', 'delete from cron_jobs where id = $1', [id]);
  },

  /** Jobs whose tick has come, locked; those that another worker has in hand are passed over. */
  takeDue: (now: Date, limit: number): Promise<readonly (CronJobRow & { readonly next_run_at: Date })[]> =>
    sql.query<CronJobRow & { readonly next_run_at: Date }>(
      'cron_jobs.take_due',
      `select ${CRON_JOBS.columns} from cron_jobs where next_run_at <= $1 order by next_run_at limit $2 for no key update skip locked`,
      [now, limit],
    ),

  /** When they ran, null for those that did not, and when they run next. */
  async proceed(
    jobs: readonly { readonly id: string; readonly ranAt: Date | null; readonly next: Date | null }[],
  ): Promise<void> {
    await sql.query(
      'cron_jobs.proceed',
      `update cron_jobs j set last_run_at = coalesce(n.ran_at, j.last_run_at), next_run_at = n.next
       from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as n (id, ran_at, next) where j.id = any ($1) and j.id = n.id`,
      [jobs.map(({ id }) => id), jobs.map(({ ranAt }) => ranAt), jobs.map(({ next }) => next)],
    );
  },

  async insertRuns(runs: readonly (CronRunRow & { readonly tenant_id: string })[]): Promise<void> {
    const column = <T>(read: (run: CronRunRow & { readonly tenant_id: string }) => T): readonly T[] => runs.map(read);
    await sql.query(
      'cron_jobs.insert_runs',
      `insert into cron_job_runs (tenant_id, ${RUN_COLUMNS})
       select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[])`,
      [
        column((run) => run.tenant_id),
        column((run) => run.id),
        column((run) => run.job_id),
        column((run) => run.status),
        column((run) => run.scheduled_at),
        column((run) => run.started_at),
        column((run) => run.ended_at),
        column((run) => run.output),
        column((run) => run.error),
      ],
    );
  },

  /** A page of a job's runs, the newest first, and one more than its limit. */
  listRuns: (tenantId: string, jobId: string, page: PageRequest): Promise<readonly CronRunRow[]> =>
    sql.query<CronRunRow>(
      'cron_jobs.list_runs',
      `select ${RUN_COLUMNS} from cron_job_runs where tenant_id = $1 and job_id = $2 and id < $3 order by id desc limit $4`,
      [tenantId, jobId, page.after ?? LAST_ID, page.limit + 1],
    ),
});
