import type { Rooms } from '../../kernel/egress/egress.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { CronRunRow } from './run.ts';

/** An attempt of a run: what is called. */
export interface Attempt {
  readonly id: string;
  readonly tenant_id: string;
  readonly job_id: string;
  readonly attempts: number;
  /** Null: the job sends to a queue by now. */
  readonly target_url: string | null;
  readonly target_method: string | null;
  readonly target_headers_sealed: string | null;
  readonly target_payload: string;
}

/** What an attempt led to. A status of RUNNING: another one follows. */
export type Result = Pick<CronRunRow, 'status' | 'status_code' | 'duration_ms' | 'output' | 'error'>;

/** Seconds from an attempt to the next one. The first is longer than a call can take, so what an attempt that died was is tried again by nobody else. */
const BACK_OFF = [15, 30, 60, 120];
export const MOST_ATTEMPTS = BACK_OFF.length + 1;
/** Runs that are looked at for those that have room. */
const LOOKED_AT = 500;

/** For the data plane: it sees all tenants, and each row says whose it is. */
export const createPgCallRepository = (sql: Sql) => ({
  /** Takes runs whose time has come, as far as there is room for their calls, and puts off the next attempt of each. */
  take: (rooms: Rooms): Promise<readonly Attempt[]> =>
    sql.query<Attempt>(
      'cron.take_attempts',
      `with busy as (select * from unnest($1::uuid[], $2::int[]) as b (tenant_id, room)),
       waiting as (
         select id, tenant_id, row_number() over (partition by tenant_id order by next_attempt_at) as place from (
           select id, tenant_id, next_attempt_at from cron_job_runs
           where next_attempt_at <= now() and tenant_id <> all (array(select tenant_id from busy where room <= 0))
           order by next_attempt_at limit ${LOOKED_AT}) as w),
       taken as (
         select r.id from cron_job_runs r
         where r.id = any (array(
             select w.id from waiting w left join busy b using (tenant_id) where w.place <= coalesce(b.room, $3) limit $4))
           and r.next_attempt_at <= now()
         for update skip locked)
       update cron_job_runs r set attempts = r.attempts + 1,
         next_attempt_at = now() + ($5::int[])[least(r.attempts + 1, ${BACK_OFF.length})] * (1 + random() / 4) * interval '1 second'
       from cron_jobs j
       where r.id = any (array(select id from taken)) and j.tenant_id = r.tenant_id and j.id = r.job_id
       returning r.id, r.tenant_id, r.job_id, r.attempts, j.http_endpoint as target_url, j.target_method, j.target_headers_sealed, j.target_payload`,
      [
        rooms.tenants.map(({ tenantId }) => tenantId),
        rooms.tenants.map(({ room }) => room),
        rooms.each,
        rooms.all,
        BACK_OFF,
      ],
    ),

  /** Nothing if the run is over, or if another attempt of it has begun. */
  async settle({ id, tenant_id: tenantId, attempts }: Attempt, result: Result): Promise<void> {
    await sql.query(
      'cron.settle_attempt',
      `update cron_job_runs set status = $4::text, status_code = $5, duration_ms = $6, output = $7, error = $8,
         ended_at = case when $4::text <> 'RUNNING' then now() end, next_attempt_at = case when $4::text = 'RUNNING' then next_attempt_at end
       where id = $1 and tenant_id = $2 and attempts = $3 and next_attempt_at is not null`,
      [id, tenantId, attempts, result.status, result.status_code, result.duration_ms, result.output, result.error],
    );
  },
});
