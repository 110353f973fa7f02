import type { AwsExample, AwsWorld } from '../../../kernel/aws-actions.ts';
import { newId } from '../../../kernel/ids.ts';

/** By SQL: the name of a queue of its own. */
async function insertQueue({ owner, userId, tenantId, unique }: AwsWorld): Promise<{ id: string; name: string }> {
  const made = { id: newId(), name: `queue-${unique()}` };
  await owner.query(`insert into queues (id, user_id, tenant_id, name, arn) values ($1, $2, $3, $4, 'arn')`, [
    made.id,
    userId,
    tenantId,
    made.name,
  ]);
  return made;
}

async function insertJob(world: AwsWorld): Promise<{ readonly name: string; readonly queue: string }> {
  const name = `job-${world.unique()}`;
  const queue = await insertQueue(world);
  await world.owner.query(
    `insert into cron_jobs (id, user_id, tenant_id, name, schedule, target_queue_id, status, next_run_at, due_at)
     values ($1, $2, $3, $4, 'cron(0 0 1 1 ? *)', $5, 'ACTIVE', '2199-01-01', '2199-01-01')`,
    [newId(), world.userId, world.tenantId, name, queue.id],
  );
  return { name, queue: queue.name };
}

/** Members that describe a schedule which sends to a queue. */
const scheduleTo = ({ region, accountNumber }: AwsWorld, queue: string) => ({
  ScheduleExpression: 'rate(5 minutes)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: {
    Arn: `arn:aws:sqs:${region}:${accountNumber}:${queue}`,
    RoleArn: `arn:aws:iam::${accountNumber}:role/any`,
    Input: 'hello',
  },
});

const malformed: AwsExample['malformed'] = (good) => {
  const target = good['Target'] as object;
  const withTarget = (more: object) => ({ ...good, Target: { ...target, ...more } });
  return [
    { ...good, ScheduleExpression: 'rate(0 minutes)' },
    { ...good, ScheduleExpressionTimezone: 'Mars/Olympus' },
    { ...good, FlexibleTimeWindow: { Mode: 'SOFT' } },
    { ...good, FlexibleTimeWindow: { Mode: 'FLEXIBLE' } },
    { ...good, StartDate: new Date(2e12), EndDate: new Date(1.9e12) },
    { ...good, State: 'ASLEEP' },
    { ...good, ActionAfterCompletion: 'DELETE' },
    { ...good, KmsKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/mine' },
    withTarget({ Arn: 'arn:aws:sns:us-east-1:000000000000:topic' }),
    withTarget({ Arn: 'arn:aws:lambda:us-east-1:000000000000:function:f' }),
    withTarget({ Arn: 'queue' }),
    withTarget({ Input: 'at <aws.scheduler.scheduled-time>' }),
    withTarget({ RetryPolicy: { MaximumRetryAttempts: 3 } }),
    withTarget({ KinesisParameters: { PartitionKey: 'key' } }),
  ];
};

const ofSchedule: AwsExample = {
  foreign: 'ResourceNotFoundException',
  input: async (world) => ({ Name: (await insertJob(world)).name }),
};

export const scheduleActionExamples: Readonly<Record<string, AwsExample>> = {
  CreateSchedule: {
    foreign: 'ResourceNotFoundException',
    input: async (world) => ({
      Name: `job-${world.unique()}`,
      ...scheduleTo(world, (await insertQueue(world)).name),
    }),
    malformed,
  },
  DeleteSchedule: ofSchedule,
  GetSchedule: ofSchedule,
  GetScheduleGroup: { input: async () => ({ Name: 'default' }) },
  ListScheduleGroups: { input: async () => ({ NamePrefix: 'def' }), malformed: () => [{ MaxResults: 101 }] },
  ListSchedules: {
    input: async (world) => {
      await insertJob(world);
      return { MaxResults: 100 };
    },
    malformed: () => [{ MaxResults: 101 }, { NextToken: 'x' }, { State: 'ASLEEP' }],
  },
  ListTagsForResource: {
    foreign: 'ResourceNotFoundException',
    input: async ({ region, accountNumber }) => ({
      ResourceArn: `arn:aws:scheduler:${region}:${accountNumber}:schedule-group/default`,
    }),
  },
  UpdateSchedule: {
    foreign: 'ResourceNotFoundException',
    input: async (world) => {
      const { name, queue } = await insertJob(world);
      return { Name: name, ...scheduleTo(world, queue) };
    },
    malformed,
  },
};
