import type { AwsAction, AwsActions } from '../../../kernel/aws-actions.ts';
import { createSchedule } from './create-schedule.ts';
import { deleteSchedule } from './delete-schedule.ts';
import { inItsWords, SCHEDULER_CODES } from './errors.ts';
import { scheduleActionExamples } from './examples.ts';
import { getSchedule } from './get-schedule.ts';
import { getScheduleGroup } from './get-schedule-group.ts';
import { listSchedules } from './list-schedules.ts';
import { listScheduleGroups } from './list-schedule-groups.ts';
import { listTagsForResource } from './list-tags-for-resource.ts';
import { updateSchedule } from './update-schedule.ts';

const ACTIONS: Readonly<Record<string, AwsAction>> = {
  CreateSchedule: createSchedule,
  DeleteSchedule: deleteSchedule,
  GetSchedule: getSchedule,
  GetScheduleGroup: getScheduleGroup,
  ListScheduleGroups: listScheduleGroups,
  ListSchedules: listSchedules,
  ListTagsForResource: listTagsForResource,
  UpdateSchedule: updateSchedule,
};

const ONE_GROUP = "there is one schedule group, 'default', which cannot be deleted and has no tags";

/** EventBridge Scheduler with the group that every account has. */
export const scheduleActions: AwsActions = {
  service: 'scheduler',
  actions: Object.fromEntries(Object.entries(ACTIONS).map(([name, action]) => [name, inItsWords(action)])),
  unsupported: {
    CreateScheduleGroup: ONE_GROUP,
    DeleteScheduleGroup: ONE_GROUP,
    TagResource: ONE_GROUP,
    UntagResource: ONE_GROUP,
  },
  examples: scheduleActionExamples,
  errors: SCHEDULER_CODES,
};
