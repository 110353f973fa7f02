import type { PageRequest } from '../../kernel/page.ts';
import { LAST_ID } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { CRON_JOBS, type CronJobRow, type CronJobSpec } from './job.ts';
import type { CronRunRow } from './run.ts';

const RUN_COLUMNS =
  'id, job_id, status, scheduled_at, started_at, ended_at, attempts, next_attempt_at, status_code, duration_ms, output, error';

const SPEC = [
  'schedule',
  'timezone',
  'counts_from',
  'starts_at',
  'ends_at',
  'window_minutes',
  'target_queue_id',
  'target_url',
  'target_method',
  'target_headers_sealed',
  'target_header_names',
  'target_payload',
  'missed',
  'overlap',
  'status',
  'next_run_at',
  'due_at',
] as const satisfies readonly (keyof CronJobSpec)[];
/** The guide's name. */
const SPEC_COLUMNS = SPEC.map((member) => (member === 'target_url' ? 'http_endpoint' : member));
const values = (spec: CronJobSpec): readonly unknown[] => SPEC.map((member) => spec[member]);

export type DueJob = CronJobRow & { readonly next_run_at: Date; readonly due_at: Date };

export const createPgCronJobRepository = (sql: Sql) => ({
  /** Undefined: the tenant has one of that name. */
  async insert(
    job: CronJobSpec & Pick<CronJobRow, 'id' | 'user_id' | 'tenant_id' | 'name' | 'created_at'>,
  ): Promise<CronJobRow | undefined> {
    const [row] = await sql.query<CronJobRow>(
      'cron.insert',
      `insert into cron_jobs (id, user_id, tenant_id, name, created_at, updated_at, ${SPEC_COLUMNS.join(', ')})
       values ($1, $2, $3, $4, $5, $5, ${SPEC.map((_, n) => `$${n + 6}`).join(', ')})
       on conflict (tenant_id, name) do nothing returning ${CRON_JOBS.columns}`,
      [job.id, job.user_id, job.tenant_id, job.name, job.created_at, ...values(job)],
    );
    return row;
  },

  async rewrite(id: string, spec: CronJobSpec, at: Date): Promise<CronJobRow> {
    const [row] = await sql.query<CronJobRow>(
      'cron.rewrite',
      `update cron_jobs set ${SPEC_COLUMNS.map((column, n) => `${column} = $${n + 3}`).join(', ')}, version = version + 1, updated_at = $2
       where id = $1 returning ${CRON_JOBS.columns}`,
      [id, at, ...values(spec)],
    );
    return row!;
  },

  /** With its runs. */
  async remove(id: string): Promise<void> {
    await sql.query('cron.delete', 'delete from cron_jobs where id = $1', [id]);
  },

  /** Jobs whose tick has come, locked; those that another worker has in hand are passed over. */
  takeDue: (now: Date, limit: number): Promise<readonly DueJob[]> =>
    sql.query<DueJob>(
      'cron.take_due',
      `select ${CRON_JOBS.columns} from cron_jobs where due_at <= $1 order by due_at limit $2 for no key update skip locked`,
      [now, limit],
    ),

  /** When they ran, null for those that did not, and when they run next; null: their schedule has ended. */
  async proceed(
    jobs: readonly ({ readonly id: string; readonly ranAt: Date | null } & Pick<
      CronJobRow,
      'next_run_at' | 'due_at'
    >)[],
  ): Promise<void> {
    await sql.query(
      'cron.proceed',
      `update cron_jobs j set last_run_at = coalesce(n.ran_at, j.last_run_at), next_run_at = n.next, due_at = n.due,
         status = case when n.next is null then 'COMPLETED' else j.status end
       from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) as n (id, ran_at, next, due) where j.id = any ($1) and j.id = n.id`,
      [
        jobs.map(({ id }) => id),
        jobs.map(({ ranAt }) => ranAt),
        jobs.map((job) => job.next_run_at),
        jobs.map((job) => job.due_at),
      ],
    );
  },

  /** How many runs of jobs are under way, by job. */
  async countOpen(jobIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await sql.query<{ job_id: string; open: number }>(
      'cron.count_open',
      'select job_id, count(*)::int as open from cron_job_runs where job_id = any ($1::uuid[]) and next_attempt_at is not null group by job_id',
      [jobIds],
    );
    return new Map(rows.map((row) => [row.job_id, row.open]));
  },

  async insertRuns(runs: readonly (CronRunRow & { readonly tenant_id: string })[]): Promise<void> {
    const column = <T>(read: (run: CronRunRow & { readonly tenant_id: string }) => T): readonly T[] => runs.map(read);
    await sql.query(
      'cron.insert_runs',
      `insert into cron_job_runs (tenant_id, ${RUN_COLUMNS})
       select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::int[],
         $9::timestamptz[], $10::int[], $11::int[], $12::text[], $13::text[])`,
      [
        column((run) => run.tenant_id),
        column((run) => run.id),
        column((run) => run.job_id),
        column((run) => run.status),
        column((run) => run.scheduled_at),
        column((run) => run.started_at),
        column((run) => run.ended_at),
        column((run) => run.attempts),
        column((run) => run.next_attempt_at),
        column((run) => run.status_code),
        column((run) => run.duration_ms),
        column((run) => run.output),
        column((run) => run.error),
      ],
    );
  },

  /** A page of a job's runs, the newest first, and one more than its limit. */
  listRuns: (tenantId: string, jobId: string, page: PageRequest): Promise<readonly CronRunRow[]> =>
    sql.query<CronRunRow>(
      'cron.list_runs',
      `select ${RUN_COLUMNS} from cron_job_runs where tenant_id = $1 and job_id = $2 and id < $3 order by id desc limit $4`,
      [tenantId, jobId, page.after ?? LAST_ID, page.limit + 1],
    ),
});
