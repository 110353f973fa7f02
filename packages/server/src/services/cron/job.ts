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
    status: Type.String({ description: 'ACTIVE or PAUSED' }),
    schedule: Type.String(),
    timezone: Type.String(),
    target_queue_id: Type.Optional(Type.String({ format: 'uuid', description: 'Absent: the queue was deleted' })),
    target_payload: Type.String(),
    missed: Type.String({ description: 'skip, once or all' }),
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

export interface CronJobRow extends ResourceRow {
  readonly user_id: string;
  readonly status: 'ACTIVE' | 'PAUSED';
  readonly schedule: string;
  readonly timezone: string;
  readonly counts_from: Date;
  readonly target_queue_id: string | null;
  readonly target_payload: string;
  readonly missed: Missed;
  readonly last_run_at: Date | null;
  readonly next_run_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const CRON_JOBS: Table<CronJobRow> = {
  name: 'cron_jobs',
  hasIdTail: true,
  columns: `id, user_id, tenant_id, name, coalesce(status, 'ACTIVE') as status, schedule, timezone, counts_from, target_queue_id, target_payload, missed,
    last_run_at, next_run_at, version, deleted_at, created_at, updated_at`,
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
    'target_payload',
    'missed',
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
