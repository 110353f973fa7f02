import type { ScheduleAction } from './action.ts';
import { defaultGroup } from './get-schedule-group.ts';

export const listScheduleGroups: ScheduleAction<'ListScheduleGroups'> = async (input, context) => {
  const group = await defaultGroup(context);
  return { ScheduleGroups: group.Name.startsWith(input.NamePrefix ?? '') && !input.NextToken ? [group] : [] };
};
