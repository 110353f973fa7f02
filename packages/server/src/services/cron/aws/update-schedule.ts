import type { CronJob } from '../job.ts';
import type { ScheduleAction } from './action.ts';
import { jobIn, scheduleArn } from './names.ts';
import { clearing, isDisabled, specIn } from './spec.ts';
import { tokenIn } from './token.ts';

/** All of the schedule is replaced: what a call leaves out gets its default, as at AWS. */
export const updateSchedule: ScheduleAction<'UpdateSchedule'> = async (input, context) => {
  const job = (await context.execute('cron.get', { id: await jobIn(context, input) })) as CronJob;
  const { id } = job;
  const spec = { id, ...(await specIn(input, context)), ...clearing(job, input) };
  const { status } = (await context.execute('cron.update', spec, tokenIn(input))) as CronJob;
  // One that has ended does not run either way.
  if (status === 'PAUSED' && !isDisabled(input)) await context.execute('cron.resume', { id });
  if (status === 'ACTIVE' && isDisabled(input)) await context.execute('cron.pause', { id });
  return { ScheduleArn: scheduleArn(context, input.Name!) };
};
