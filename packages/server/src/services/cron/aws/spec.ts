import type * as Scheduler from '@aws-sdk/client-scheduler';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { invalidInput } from '../../../kernel/errors.ts';
import type { CronJob } from '../job.ts';
import { unsupported } from './errors.ts';
import { queueIn, scheduleArn } from './names.ts';

type Given = Pick<
  Scheduler.UpdateScheduleCommandInput,
  Exclude<keyof Scheduler.UpdateScheduleCommandInput, 'Target' | 'FlexibleTimeWindow'>
> & {
  readonly Target?: Scheduler.Target | undefined;
  readonly FlexibleTimeWindow?: Scheduler.FlexibleTimeWindow | undefined;
};

/** Parameters of targets that are not queues. */
const OTHER_TARGETS = [
  'EcsParameters',
  'EventBridgeParameters',
  'EventBridgePutEventsV2Parameters',
  'EventBridgePutRawEventsParameters',
  'KinesisParameters',
  'SageMakerPipelineParameters',
] as const;

export const STATES = ['ENABLED', 'DISABLED'] as const;

/** A value that a member can have, or its default. Throws INVALID_INPUT. */
export function oneOf<Value extends string>(
  member: string,
  given: string | undefined,
  values: readonly [Value, ...Value[]],
): Value {
  const value = given ?? values[0];
  if (!(values as readonly string[]).includes(value))
    throw invalidInput(`${member}: '${value.slice(0, 60)}' is not one of ${values.join(', ')}`);
  return value as Value;
}

/** What a target without an Input gets, but for an id and a time. */
export const notification = (context: AwsContext, name: string): string =>
  JSON.stringify({
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: context.accountNumber,
    region: context.region,
    resources: [scheduleArn(context, name)],
    detail: '{}',
  });

/** Members of our operations for what a call says of a schedule. Throws for what there is not. */
export async function specIn(input: Given, context: AwsContext) {
  refuseUnsupported(input);
  const target = input.Target!;
  return {
    schedule: input.ScheduleExpression!,
    timezone: input.ScheduleExpressionTimezone ?? 'UTC',
    window_minutes: windowIn(input.FlexibleTimeWindow!),
    ...(input.StartDate ? { starts_at: input.StartDate.toISOString() } : {}),
    ...(input.EndDate ? { ends_at: input.EndDate.toISOString() } : {}),
    ...(await targetIn(target, context)),
    target_payload: payloadIn(target.Input) ?? notification(context, input.Name!),
  };
}

/** Our operations cannot take a beginning or an end away: so far from now they are none. */
export const NO_TIMES = { starts_at: '1970-01-01T00:00:00.000Z', ends_at: '9999-12-31T23:59:59.000Z' } as const;

/** Members that take away what a job has and an update leaves out. */
export const clearing = (job: CronJob, input: Given) => ({
  ...(job.starts_at !== undefined && !input.StartDate ? { starts_at: NO_TIMES.starts_at } : {}),
  ...(job.ends_at !== undefined && !input.EndDate ? { ends_at: NO_TIMES.ends_at } : {}),
});

/** Whether the schedule is to be paused. */
export const isDisabled = (input: Pick<Given, 'State'>): boolean => oneOf('State', input.State, STATES) === 'DISABLED';

function windowIn({ Mode: mode, MaximumWindowInMinutes: minutes }: Scheduler.FlexibleTimeWindow): number {
  const isFlexible = oneOf('FlexibleTimeWindow.Mode', mode, ['OFF', 'FLEXIBLE']) === 'FLEXIBLE';
  if (isFlexible !== (minutes !== undefined))
    throw invalidInput(
      'FlexibleTimeWindow.MaximumWindowInMinutes must be given with the mode FLEXIBLE, and with no other',
    );
  return minutes ?? 0;
}

function refuseUnsupported(input: Given): void {
  isDisabled(input);
  if (oneOf('ActionAfterCompletion', input.ActionAfterCompletion, ['NONE', 'DELETE']) === 'DELETE')
    throw unsupported(
      'ActionAfterCompletion: schedules stay when they have ended; use NONE, and delete them yourself.',
    );
  if (input.Description) throw unsupported('Description: schedules have no description; leave it out.');
  if (input.KmsKeyArn)
    throw unsupported(
      'KmsKeyArn: there are no keys of your own. Leave it out; a payload that is secret belongs into a secret.',
    );
}

/** What Scheduler has where a call says nothing: the same as saying nothing. */
const RETRIES = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } as const;

async function targetIn(target: Scheduler.Target, context: AwsContext) {
  const other = OTHER_TARGETS.find((member) => target[member] !== undefined);
  if (other) throw unsupported(`Target.${other} is not supported: a target is a queue of SQS or a URL.`);
  if (target.DeadLetterConfig?.Arn)
    throw unsupported(
      'Target.DeadLetterConfig: what a schedule could not send is in the list of its runs. Leave it out.',
    );
  if (target.SqsParameters?.MessageGroupId)
    throw unsupported('Target.SqsParameters: schedules send to standard queues. Leave MessageGroupId out.');
  for (const member of ['MaximumEventAgeInSeconds', 'MaximumRetryAttempts'] as const)
    if ((target.RetryPolicy?.[member] ?? RETRIES[member]) !== RETRIES[member])
      throw unsupported(`Target.RetryPolicy.${member}: how often is tried cannot be chosen. Leave it out.`);
  if (/^https?:/.test(target.Arn!)) return { target_url: target.Arn! };
  const [, service = ''] = /^arn:aws:([a-z0-9-]+):/.exec(target.Arn!) ?? [];
  if (service !== 'sqs')
    throw unsupported(
      `Target.Arn: '${target.Arn!.slice(0, 200)}' is neither the ARN of a queue of SQS nor a URL; there are no other targets.`,
    );
  return { target_queue_id: await queueIn(context, target.Arn!) };
}

/** Throws for an Input in which AWS would put in words, such as the time. */
function payloadIn(input: string | undefined): string | undefined {
  const [word] = /<aws\.scheduler\.[a-z-]+>/.exec(input ?? '') ?? [];
  if (word) throw unsupported(`Target.Input: ${word} is not supported; leave it out.`);
  return input;
}
