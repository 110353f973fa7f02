import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  paginateListSchedules,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { CreateQueueCommand, DeleteQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { awsClient, makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';
import { uniqueWord } from '../../../testing/test-api.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);
const client = awsClient('scheduler', api, key);
const sqs = awsClient('sqs', api, key);
const stranger = awsClient('scheduler', api, await makeAwsKey(api, await api.makeActor()));
const { rows } = await api.owner.query<{ account_number: string }>('select account_number from tenants where id = $1', [
  owner.tenantId,
]);
const account = rows[0]!.account_number;
const RoleArn = `arn:aws:iam::${account}:role/mine`;
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: Error) => error.name,
  );
const explained = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function makeQueue(name = `queue-${uniqueWord()}`) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  return { QueueUrl: QueueUrl!, arn: `arn:aws:sqs:us-east-1:${account}:${name}` };
}
const queue = await makeQueue();

type Spec = Omit<CreateScheduleCommandInput, 'Name' | 'Target'>;
const spec: Spec = { ScheduleExpression: 'cron(0 3 1 1 ? 2190)', FlexibleTimeWindow: { Mode: 'OFF' } };
const target = { Arn: queue.arn, RoleArn };

async function make(more: Partial<CreateScheduleCommandInput> = {}) {
  const Name = more.Name ?? `wire-${uniqueWord()}`;
  const made = await client.send(new CreateScheduleCommand({ Name, Target: target, ...spec, ...more }));
  return { Name, arn: made.ScheduleArn! };
}
const get = (Name: string) => client.send(new GetScheduleCommand({ Name }));

describe('EventBridge Scheduler', () => {
  it('makes a schedule whose runs send its Input to the queue', async () => {
    const { Name, arn } = await make({
      Target: { ...target, Input: 'hello' },
      ScheduleExpressionTimezone: 'Asia/Tokyo',
    });
    expect(arn).toBe(`arn:aws:scheduler:us-east-1:${account}:schedule/default/${Name}`);
    const { $metadata: _, CreationDate, LastModificationDate, ...answer } = await get(Name);
    expect(answer).toEqual({
      Arn: arn,
      GroupName: 'default',
      Name,
      State: 'ENABLED',
      ScheduleExpression: spec.ScheduleExpression,
      ScheduleExpressionTimezone: 'Asia/Tokyo',
      Target: { Arn: queue.arn, RoleArn: `arn:aws:iam::${account}:role/scheduler`, Input: 'hello' },
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'NONE',
    });
    expect(Math.abs(CreationDate!.getTime() - Date.now())).toBeLessThan(60_000);
    expect(LastModificationDate).toEqual(CreationDate);
    const job = (await api.call('cron.get', { id: Name }, owner)).data;
    expect(job.next_run_at).toBe('2189-12-31T18:00:00.000Z');
    expect((await api.call('cron.run', { id: Name }, owner)).status).toBe(200);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.QueueUrl, WaitTimeSeconds: 5 }));
    expect(Messages!.map(({ Body }) => Body)).toEqual(['hello']);
  });

  it("sends what AWS's default notification says where there is no Input, and does not show it as one", async () => {
    const { Name, arn } = await make();
    expect((await get(Name)).Target).not.toHaveProperty('Input');
    const { data } = await api.call('cron.get', { id: Name }, owner);
    expect(JSON.parse(data.target_payload)).toMatchObject({ source: 'aws.scheduler', account, resources: [arn] });
    const same = await make({ Target: { ...target, Input: '{}' } });
    expect((await get(same.Name)).Target!.Input).toBe('{}');
  });

  it('makes a schedule once, however often a client sends the call with its token', async () => {
    const call = { Name: `again-${uniqueWord()}`, Target: target, ...spec, ClientToken: uniqueWord() };
    const first = await client.send(new CreateScheduleCommand(call));
    const { $metadata: _, ...again } = await client.send(new CreateScheduleCommand(call));
    expect(again).toEqual({ ScheduleArn: first.ScheduleArn });
    expect(await refusal(client.send(new CreateScheduleCommand({ ...call, ClientToken: uniqueWord() })))).toBe(
      'ConflictException',
    );
    const other = client.send(new CreateScheduleCommand({ ...call, ScheduleExpression: 'rate(1 hour)' }));
    expect(await explained(other)).toMatch(/^ConflictException: ClientToken '.*' was used for another request/);
    const end = { Name: call.Name, ClientToken: uniqueWord() };
    await client.send(new DeleteScheduleCommand(end));
    await client.send(new DeleteScheduleCommand(end));
    expect(await refusal(client.send(new DeleteScheduleCommand({ Name: call.Name })))).toBe(
      'ResourceNotFoundException',
    );
  });

  it('replaces all of a schedule, whose members have their defaults unless a call says otherwise', async () => {
    const { Name } = await make({
      State: 'DISABLED',
      ScheduleExpressionTimezone: 'Asia/Tokyo',
      Target: { ...target, Input: 'hello' },
    });
    expect((await get(Name)).State).toBe('DISABLED');
    const { $metadata: _, Arn, CreationDate, LastModificationDate, ...whole } = await get(Name);
    await client.send(new UpdateScheduleCommand(whole as UpdateScheduleCommand['input']));
    expect(await get(Name)).toMatchObject({ ...whole, Arn, CreationDate, LastModificationDate });
    const other = await makeQueue();
    const update = { Name, ...spec, ScheduleExpression: 'rate(2 days)', Target: { Arn: other.arn, RoleArn } };
    expect((await client.send(new UpdateScheduleCommand(update))).ScheduleArn).toBe(Arn);
    const updated = await get(Name);
    expect(updated).toMatchObject({
      State: 'ENABLED',
      ScheduleExpression: 'rate(2 days)',
      ScheduleExpressionTimezone: 'UTC',
      Target: { Arn: other.arn },
    });
    expect(updated.Target).not.toHaveProperty('Input');
    await client.send(new UpdateScheduleCommand({ ...update, State: 'DISABLED' }));
    expect((await get(Name)).State).toBe('DISABLED');
    const refused = { ...update, ScheduleExpression: 'rate(0 days)' };
    expect(await explained(client.send(new UpdateScheduleCommand(refused)))).toMatch(
      /^ValidationException: ScheduleExpression/,
    );
    expect(await get(Name)).toMatchObject({ State: 'DISABLED', ScheduleExpression: 'rate(2 days)' });
  });

  it('keeps a beginning, an end and a window, and takes them away when an update leaves them out', async () => {
    const more = {
      ScheduleExpression: 'rate(1 day)',
      StartDate: new Date('2189-01-01T00:00:00Z'),
      EndDate: new Date('2189-02-01T00:00:00Z'),
      FlexibleTimeWindow: { Mode: 'FLEXIBLE' as const, MaximumWindowInMinutes: 15 },
    };
    const { Name } = await make(more);
    expect(await get(Name)).toMatchObject(more);
    const { next_run_at: next } = (await api.call('cron.get', { id: Name }, owner)).data;
    expect(next).toMatch(/^2189-01-0/);
    const update = { Name, Target: target, ...spec, ScheduleExpression: 'rate(1 day)', ClientToken: uniqueWord() };
    for (let n = 0; n < 2; n++) await client.send(new UpdateScheduleCommand(update));
    const updated = await get(Name);
    expect(updated.FlexibleTimeWindow).toEqual({ Mode: 'OFF' });
    expect(updated).not.toHaveProperty('StartDate');
    expect(updated).not.toHaveProperty('EndDate');
    const after = (await api.call('cron.get', { id: Name }, owner)).data;
    expect(Date.parse(after.next_run_at) - Date.now()).toBeLessThanOrEqual(86_400_000);
  });

  it('shows a job that calls a URL with the URL in place of an ARN, and keeps its headers', async () => {
    const name = `call-${uniqueWord()}`;
    const made = await api.call(
      'cron.create',
      {
        name,
        schedule: '@yearly',
        target_url: 'https://example.com/hook',
        target_method: 'PUT',
        target_headers: ['x-key: 1'],
      },
      owner,
    );
    expect(made.status).toBe(201);
    const { $metadata: _, Arn: __, CreationDate: ___, LastModificationDate: ____, ...whole } = await get(name);
    expect(whole.Target!.Arn).toBe('https://example.com/hook');
    await client.send(new UpdateScheduleCommand({ ...whole, State: 'DISABLED' } as UpdateScheduleCommand['input']));
    expect((await api.call('cron.get', { id: name }, owner)).data).toMatchObject({
      status: 'PAUSED',
      target_url: 'https://example.com/hook',
      target_method: 'PUT',
      target_header_names: ['x-key'],
      target_payload: '{}',
    });
    const [listed] = (await client.send(new ListSchedulesCommand({ NamePrefix: name }))).Schedules!;
    expect(listed!.Target!.Arn).toBe('https://example.com/hook');
  });

  it("takes AWS's own retry policy for none", async () => {
    const RetryPolicy = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 };
    const { Name } = await make({ Target: { ...target, RetryPolicy, DeadLetterConfig: {} } });
    expect((await get(Name)).Target).not.toHaveProperty('RetryPolicy');
  });

  it('never takes a part of an id for a name', async () => {
    const { Name } = await make();
    const { data } = await api.call('cron.get', { id: Name }, owner);
    const part = data.id.replaceAll('-', '').slice(-17, -5);
    expect((await api.call('cron.get', { id: part }, owner)).data.id).toBe(data.id);
    for (const call of [
      get(part),
      client.send(new UpdateScheduleCommand({ Name: part, Target: target, ...spec })),
      client.send(new DeleteScheduleCommand({ Name: part })),
    ])
      expect(await refusal(call)).toBe('ResourceNotFoundException');
    const hex = await make({ Name: 'cafe0123', Target: { Arn: (await makeQueue('deadbeef')).arn, RoleArn } });
    expect((await get('cafe0123')).Arn).toBe(hex.arn);
  });

  it.each([
    [{ Description: 'nightly' }, /^Description/],
    [{ EndDate: new Date('2100-01-01') }, /^ScheduleExpression .* has no time/],
    [{ StartDate: new Date('2191-01-01'), EndDate: new Date('2190-01-01') }, /^EndDate .* is not after StartDate/],
    [{ FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, /^FlexibleTimeWindow\.MaximumWindowInMinutes/],
    [{ FlexibleTimeWindow: { Mode: 'OFF', MaximumWindowInMinutes: 5 } }, /^FlexibleTimeWindow/],
    [
      { ScheduleExpression: 'rate(1 minute)', FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } },
      /^FlexibleTimeWindow\.MaximumWindowInMinutes 5 is longer/,
    ],
    [{ ActionAfterCompletion: 'DELETE' }, /^ActionAfterCompletion/],
    [{ KmsKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/mine' }, /^KmsKeyArn/],
    [
      { Target: { ...target, Arn: 'arn:aws:sns:us-east-1:000000000000:t' } },
      /^Target\.Arn: .* is neither the ARN of a queue of SQS nor a URL/,
    ],
    [{ Target: { ...target, Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage' } }, /^Target\.Arn/],
    [{ Target: { ...target, DeadLetterConfig: { Arn: queue.arn } } }, /^Target\.DeadLetterConfig/],
    [{ Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 3 } } }, /^Target\.RetryPolicy/],
    [{ Target: { ...target, SqsParameters: { MessageGroupId: 'g' } } }, /^Target\.SqsParameters/],
    [{ Target: { ...target, Input: '<aws.scheduler.scheduled-time>' } }, /^Target\.Input/],
  ] satisfies [Partial<CreateScheduleCommandInput>, RegExp][])('says what it does not have: %j', async (more, why) => {
    const Name = `none-${uniqueWord()}`;
    const refused = client.send(new CreateScheduleCommand({ Name, Target: target, ...spec, ...more }));
    await expect(refused).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringMatching(why) });
    expect(await refusal(get(Name))).toBe('ResourceNotFoundException');
  });

  it('finds no schedule, queue or group that is not there, or not theirs', async () => {
    const { Name } = await make();
    expect(await explained(stranger.send(new GetScheduleCommand({ Name })))).toBe(
      `ResourceNotFoundException: schedule '${Name}' does not exist`,
    );
    expect(await refusal(client.send(new GetScheduleCommand({ Name, GroupName: 'mine' })))).toBe(
      'ResourceNotFoundException',
    );
    for (const Arn of [
      `${queue.arn}x`,
      queue.arn.replace(account, '000000000000'),
      queue.arn.replace('us-east', 'eu-west'),
    ])
      expect(await explained(make({ Target: { Arn, RoleArn } }))).toMatch(/^ResourceNotFoundException: queue '/);
  });

  it('shows a schedule whose queue was deleted, with an ARN that names none', async () => {
    const { QueueUrl, arn } = await makeQueue();
    const { Name } = await make({ Target: { Arn: arn, RoleArn } });
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await api.owner.query('delete from queues where tenant_id = $1 and deleted_at is not null', [owner.tenantId]);
    expect((await get(Name)).Target!.Arn).toBe(`arn:aws:sqs:us-east-1:${account}:`);
  });

  it('lists page by page, by the beginning of names and by state', async () => {
    const prefix = `many-${uniqueWord()}-`;
    for (let n = 0; n < 5; n++) await make({ Name: `${prefix}${n}`, ...(n % 2 ? { State: 'DISABLED' } : {}) });
    const names: string[] = [];
    for await (const page of paginateListSchedules({ client, pageSize: 2 }, { NamePrefix: prefix })) {
      expect(page.Schedules!.length).toBeLessThanOrEqual(2);
      names.push(...page.Schedules!.map(({ Name }) => Name!));
    }
    expect(names).toEqual([4, 3, 2, 1, 0].map((n) => `${prefix}${n}`));
    const some = await client.send(
      new ListSchedulesCommand({ NamePrefix: prefix, State: 'DISABLED', GroupName: 'default' }),
    );
    expect(some.Schedules!.map(({ Name }) => Name)).toEqual([3, 1].map((n) => `${prefix}${n}`));
    expect(some.Schedules![0]).toMatchObject({ State: 'DISABLED', Target: { Arn: queue.arn } });
    expect((await client.send(new ListSchedulesCommand({ MaxResults: 3 }))).Schedules).toHaveLength(3);
    const elsewhere = client.send(new ListSchedulesCommand({ GroupName: 'mine' }));
    expect(await refusal(elsewhere)).toBe('ResourceNotFoundException');
  });

  it('has the group default, and says that there are no others', async () => {
    const arn = `arn:aws:scheduler:us-east-1:${account}:schedule-group/default`;
    const group = await client.send(new GetScheduleGroupCommand({ Name: 'default' }));
    expect(group).toMatchObject({ Arn: arn, Name: 'default', State: 'ACTIVE' });
    expect((await client.send(new ListScheduleGroupsCommand({}))).ScheduleGroups!.map(({ Arn }) => Arn)).toEqual([arn]);
    expect((await client.send(new ListScheduleGroupsCommand({ NamePrefix: 'my' }))).ScheduleGroups).toEqual([]);
    expect((await client.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags).toEqual([]);
    expect(await refusal(client.send(new GetScheduleGroupCommand({ Name: 'mine' })))).toBe('ResourceNotFoundException');
    expect(await explained(client.send(new CreateScheduleGroupCommand({ Name: 'mine' })))).toMatch(
      /^NotImplemented: CreateScheduleGroup is not supported: there is one schedule group/,
    );
  });

  it('tells that the quota is reached', async () => {
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'cron_jobs', 0) on conflict (tenant_id, resource) do update set max = 0`,
      [owner.tenantId],
    );
    await expect(make()).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
      $metadata: { httpStatusCode: 402 },
    });
  });
});
