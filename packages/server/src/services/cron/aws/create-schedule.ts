import type { CronJob } from '../job.ts';
import type { ScheduleAction } from './action.ts';
import { refuseOtherGroup, scheduleArn } from './names.ts';
import { isDisabled, specIn } from './spec.ts';
import { tokenIn } from './token.ts';

export const createSchedule: ScheduleAction<'CreateSchedule'> = async (input, context) => {
  refuseOtherGroup(input.GroupName);
  const spec = await specIn(input, context);
  const job = (await context.execute('cron.create', { name: input.Name, ...spec }, tokenIn(input))) as CronJob;
  if (isDisabled(input)) await context.execute('cron.pause', { id: job.id });
  return { ScheduleArn: scheduleArn(context, job.name) };
};
