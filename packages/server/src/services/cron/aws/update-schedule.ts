import type { CronJob } from '../job.ts';
import type { ScheduleAction } from './action.ts';
import { jobIn, scheduleArn } from './names.ts';
import { isDisabled, specIn } from './spec.ts';
import { tokenIn } from './token.ts';

/** All of the schedule is replaced: what a call leaves out gets its default, as at AWS. */
export const updateSchedule: ScheduleAction<'UpdateSchedule'> = async (input, context) => {
  const ref = await jobIn(context, input);
  const spec = await specIn(input, context);
  const { id, status } = (await context.execute('cron.update', { id: ref, ...spec }, tokenIn(input))) as CronJob;
  const isPaused = status === 'PAUSED';
  if (isPaused !== isDisabled(input)) await context.execute(isPaused ? 'cron.resume' : 'cron.pause', { id });
  return { ScheduleArn: scheduleArn(context, input.Name!) };
};
