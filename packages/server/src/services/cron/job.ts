import Type, { type Static } from 'typebox';
import { kindOf, presentRow, type ResourceRow, type Table } from '../../kernel/resource.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

export const CronJob = Type.Object(
  {
    id,
    user_id: id,
    tenant_id: id,
    name: Type.String(),
    status: Type.String({ description: 'ACTIVE, PAUSED, or COMPLETED: the schedule has ended' }),
    schedule: Type.String(),
    timezone: Type.String(),
    target_queue_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'Absent: it calls a URL, or the queue was deleted' }),
    ),
    target_url: Type.Optional(Type.String()),
    target_method: Type.Optional(Type.String()),
    target_header_names: Type.Array(Type.String(), { description: 'Their values are not shown' }),
    target_payload: Type.String(),
    missed: Type.String({ description: 'skip, once or all' }),
    overlap: Type.String({ description: 'skip or allow' }),
    window_minutes: Type.Integer({ description: 'A run comes within so many minutes of its tick' }),
    starts_at: Type.Optional(time),
    ends_at: Type.Optional(time),
    last_run_at: Type.Optional(time),
    next_run_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'Absent: it is paused, or its schedule has ended' }),
    ),
    version: Type.Integer(),
    created_at: time,
    updated_at: time,
  },
  { $id: 'CronJob' },
);
export type CronJob = Static<typeof CronJob>;

export type Missed = 'skip' | 'once' | 'all';

/** What its maker says of a job, and what follows from it. */
export interface CronJobSpec {
  readonly status: 'ACTIVE' | 'PAUSED' | 'COMPLETED';
  readonly schedule: string;
  readonly timezone: string;
  readonly counts_from: Date;
  readonly starts_at: Date | null;
  readonly ends_at: Date | null;
  readonly window_minutes: number;
  /** This or the URL. Null: it is gone. */
  readonly target_queue_id: string | null;
  readonly target_url: string | null;
  readonly target_method: string | null;
  readonly target_headers_sealed: string | null;
  readonly target_header_names: readonly string[];
  readonly target_payload: string;
  readonly missed: Missed;
  readonly overlap: 'skip' | 'allow';
  /** The next tick. Null: there is none, or the job is paused. */
  readonly next_run_at: Date | null;
  /** When that runs. */
  readonly due_at: Date | null;
}

export interface CronJobRow extends ResourceRow, CronJobSpec {
  readonly user_id: string;
  readonly last_run_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const CRON_JOBS: Table<CronJobRow> = {
  name: 'cron_jobs',
  hasIdTail: true,
  columns: `id, user_id, tenant_id, name, coalesce(status, 'ACTIVE') as status, schedule, timezone, counts_from, starts_at, ends_at, window_minutes,
    target_queue_id, http_endpoint as target_url, target_method, target_headers_sealed, target_header_names, target_payload, missed, overlap, next_run_at,
    due_at, last_run_at, version, deleted_at, created_at, updated_at`,
};

export const presentJob = (row: CronJobRow): CronJob =>
  presentRow(row, [
    'id',
    'user_id',
    'tenant_id',
    'name',
    'status',
    'schedule',
    'timezone',
    'target_queue_id',
    'target_url',
    'target_method',
    'target_header_names',
    'target_payload',
    'missed',
    'overlap',
    'window_minutes',
    'starts_at',
    'ends_at',
    'last_run_at',
    'next_run_at',
    'version',
    'created_at',
    'updated_at',
  ]) as CronJob;

export const cronJobKind = kindOf(CRON_JOBS, {
  noun: 'cron job',
  present: presentJob,
  detail: (row) => row.schedule,
});
