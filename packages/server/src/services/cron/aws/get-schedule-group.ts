import type { AwsContext } from '../../../kernel/aws-actions.ts';
import type { ScheduleAction } from './action.ts';
import { GROUP, groupArn, refuseOtherGroup } from './names.ts';

/** As old as the platform: it has no date. */
export async function defaultGroup(context: AwsContext) {
  // Who may read no schedule reads no group.
  await context.execute('cron.list', { limit: 1 });
  const date = new Date(0);
  return {
    Arn: groupArn(context),
    Name: GROUP,
    State: 'ACTIVE' as const,
    CreationDate: date,
    LastModificationDate: date,
  };
}

export const getScheduleGroup: ScheduleAction<'GetScheduleGroup'> = async (input, context) => {
  const group = await defaultGroup(context);
  refuseOtherGroup(input.Name);
  return group;
};
