import type { ScheduleAction } from './action.ts';
import { jobIn } from './names.ts';
import { tokenIn } from './token.ts';

export const deleteSchedule: ScheduleAction<'DeleteSchedule'> = async (input, context) => {
  await context.execute('cron.delete', { id: await jobIn(context, input) }, tokenIn(input));
  return {};
};
