import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

export const CronRun = Type.Object(
  {
    id,
    job_id: id,
    status: Type.String({ description: 'RUNNING, SUCCESS, FAILED, or SKIPPED: runs before it were under way' }),
    scheduled_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'The tick; absent if somebody asked for the run' }),
    ),
    started_at: time,
    ended_at: Type.Optional(time),
    attempts: Type.Integer({ description: 'How often the URL was called' }),
    next_attempt_at: Type.Optional(Type.String({ format: 'date-time', description: 'When it is called next' })),
    status_code: Type.Optional(Type.Integer({ description: 'Of the last answer' })),
    duration_ms: Type.Optional(Type.Integer({ description: 'Of the last call' })),
    output: Type.Optional(
      Type.String({ description: 'The id of the message, or the first 64 KiB of what the URL answered' }),
    ),
    error: Type.Optional(Type.String({ description: 'Why it failed' })),
  },
  { $id: 'CronRun' },
);
export type CronRun = Static<typeof CronRun>;

export interface CronRunRow {
  readonly id: string;
  readonly job_id: string;
  readonly status: 'RUNNING' | 'SUCCESS' | 'FAILED' | 'SKIPPED';
  readonly scheduled_at: Date | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly attempts: number;
  /** Null: the run is over. */
  readonly next_attempt_at: Date | null;
  readonly status_code: number | null;
  readonly duration_ms: number | null;
  readonly output: string | null;
  readonly error: string | null;
}

export const presentRun = (row: CronRunRow): CronRun =>
  presentRow(row, [
    'id',
    'job_id',
    'status',
    'scheduled_at',
    'started_at',
    'ended_at',
    'attempts',
    'next_attempt_at',
    'status_code',
    'duration_ms',
    'output',
    'error',
  ]) as CronRun;
