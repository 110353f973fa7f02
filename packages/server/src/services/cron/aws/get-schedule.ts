import type { CronJob } from '../job.ts';
import type { ScheduleAction } from './action.ts';
import { jobIn } from './names.ts';
import { shown } from './shown.ts';

export const getSchedule: ScheduleAction<'GetSchedule'> = async (input, context) =>
  shown(context, (await context.execute('cron.get', { id: await jobIn(context, input) })) as CronJob);
