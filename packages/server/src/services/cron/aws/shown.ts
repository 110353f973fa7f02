import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { iamArn } from '../../../kernel/iam.ts';
import type { CronJob } from '../job.ts';
import { arnOfTarget, GROUP, scheduleArn } from './names.ts';
import { NO_TIMES, notification } from './spec.ts';

/** What GetSchedule and ListSchedules say of a job. */
export const named = (context: AwsContext, job: CronJob) => ({
  Arn: scheduleArn(context, job.name),
  GroupName: GROUP,
  Name: job.name,
  State: job.status === 'PAUSED' ? ('DISABLED' as const) : ('ENABLED' as const),
  CreationDate: new Date(job.created_at),
  LastModificationDate: new Date(job.updated_at),
});

/** A whole schedule: with all of it, UpdateSchedule changes nothing. */
export const shown = async (context: AwsContext, job: CronJob) => ({
  ...named(context, job),
  ScheduleExpression: job.schedule,
  ScheduleExpressionTimezone: job.timezone,
  ...(job.starts_at !== undefined && job.starts_at !== NO_TIMES.starts_at
    ? { StartDate: new Date(job.starts_at) }
    : {}),
  ...(job.ends_at !== undefined && job.ends_at !== NO_TIMES.ends_at ? { EndDate: new Date(job.ends_at) } : {}),
  Target: {
    Arn: await arnOfTarget(context, job),
    // Scheduler always has one. Ours acts for who made the job.
    RoleArn: iamArn(context, 'role', 'scheduler'),
    ...(job.target_payload === notification(context, job.name) ? {} : { Input: job.target_payload }),
  },
  FlexibleTimeWindow:
    job.window_minutes > 0
      ? { Mode: 'FLEXIBLE' as const, MaximumWindowInMinutes: job.window_minutes }
      : { Mode: 'OFF' as const },
  ActionAfterCompletion: 'NONE' as const,
});
