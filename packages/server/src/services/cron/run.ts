import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

export const CronRun = Type.Object(
  {
    id,
    job_id: id,
    status: Type.String({ description: 'SUCCESS or FAILED' }),
    scheduled_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'The tick; absent if somebody asked for the run' }),
    ),
    started_at: time,
    ended_at: Type.Optional(time),
    output: Type.Optional(Type.String({ description: 'What the target answered: the id of the message' })),
    error: Type.Optional(Type.String({ description: 'Why it failed' })),
  },
  { $id: 'CronRun' },
);
export type CronRun = Static<typeof CronRun>;

export interface CronRunRow {
  readonly id: string;
  readonly job_id: string;
  readonly status: 'SUCCESS' | 'FAILED';
  readonly scheduled_at: Date | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly output: string | null;
  readonly error: string | null;
}

export const presentRun = (row: CronRunRow): CronRun =>
  presentRow(row, ['id', 'job_id', 'status', 'scheduled_at', 'started_at', 'ended_at', 'output', 'error']) as CronRun;
