import { notFound } from '../../../kernel/errors.ts';
import type { ScheduleAction } from './action.ts';
import { defaultGroup } from './get-schedule-group.ts';

/** Groups alone have tags, and the one that there is has none. */
export const listTagsForResource: ScheduleAction<'ListTagsForResource'> = async (input, context) => {
  const { Arn } = await defaultGroup(context);
  if (input.ResourceArn !== Arn) throw notFound('schedule group', input.ResourceArn!.slice(0, 300));
  return { Tags: [] };
};
