import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  paginateListQueues,
  PurgeQueueCommand,
  type QueueAttributeName,
  RemovePermissionCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';
import { sqsClient, SQS_PROTOCOLS } from '../../../testing/sqs-clients.ts';
import { uniqueWord } from '../../../testing/test-api.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);
const { rows } = await api.owner.query<{ account_number: string }>('select account_number from tenants where id = $1', [
  owner.tenantId,
]);
const account = rows[0]!.account_number;
const other = await api.makeActor();
const otherKey = await makeAwsKey(api, other);
const arnOf = (name: string) => `arn:aws:sqs:us-east-1:${account}:${name}`;

describe.each(SQS_PROTOCOLS)('SQS over %s', (protocol) => {
  const client = sqsClient(api, key, protocol);
  const prefix = `${protocol}-${uniqueWord()}`;
  const urlOf = (name: string) => `${api.awsUrl}/${account}/${name}`;
  let made = 0;
  const create = async (attributes: Record<string, string> = {}, more: object = {}, suffix = '') => {
    const name = `${prefix}-${made++}${suffix}`;
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({ QueueName: name, Attributes: attributes, ...more }),
    );
    expect(QueueUrl).toBe(urlOf(name));
    return { name, QueueUrl: QueueUrl!, arn: arnOf(name) };
  };
  const attributesOf = async (QueueUrl: string, ...names: QueueAttributeName[]) =>
    (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: names }))).Attributes;
  const set = (QueueUrl: string, Attributes: Record<string, string>) =>
    client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  const code = (call: Promise<unknown>) =>
    call.then(
      () => 'ok',
      (error: Error) => error.name,
    );

  it('a queue has the attributes and tags that it was created with, and the defaults of SQS', async () => {
    const { QueueUrl, name, arn } = await create({}, { tags: { team: 'red' } });
    const before = Math.floor(Date.now() / 1000) - 60;
    const { CreatedTimestamp, LastModifiedTimestamp, ...attributes } = (await attributesOf(QueueUrl, 'All'))!;
    expect(attributes).toEqual({
      QueueArn: arn,
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'false',
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
    });
    expect(Number(CreatedTimestamp)).toBeGreaterThan(before);
    expect(LastModifiedTimestamp).toBe(CreatedTimestamp);
    expect((await client.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: 'red' });
    expect(await client.send(new GetQueueUrlCommand({ QueueName: name }))).toMatchObject({ QueueUrl });
    expect(await attributesOf(QueueUrl, 'VisibilityTimeout', 'QueueArn')).toEqual({
      VisibilityTimeout: '30',
      QueueArn: arn,
    });
    expect(await attributesOf(QueueUrl)).toBeUndefined();
  });

  it('a FIFO queue has attributes of its own', async () => {
    const { QueueUrl } = await create({ FifoQueue: 'true', ContentBasedDeduplication: 'true' }, {}, '.fifo');
    const names = ['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'] as const;
    expect(await attributesOf(QueueUrl, ...names)).toEqual({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });
    await set(QueueUrl, { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' });
    expect(await attributesOf(QueueUrl, ...names)).toMatchObject({
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
  });

  it('a queue can be created again with attributes that it has, and with no others', async () => {
    const dead = await create();
    const RedrivePolicy = JSON.stringify({ maxReceiveCount: '3', deadLetterTargetArn: dead.arn });
    const attributes = { VisibilityTimeout: '7', RedrivePolicy };
    const { QueueUrl, name } = await create(attributes);
    const again = (Attributes: Record<string, string>) =>
      client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    for (const same of [attributes, {}, { VisibilityTimeout: '7', DelaySeconds: '0', SqsManagedSseEnabled: 'false' }])
      expect((await again(same)).QueueUrl).toBe(QueueUrl);
    for (const different of [{ VisibilityTimeout: '8' }, { RedrivePolicy: '' }, { Policy: '{"Statement":[]}' }])
      expect(await code(again(different))).toBe('QueueNameExists');
  });

  it('attributes change, and are removed by an empty text', async () => {
    const dead = await create();
    const { QueueUrl, arn } = await create();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 5 });
    const numbers = {
      VisibilityTimeout: '0',
      MaximumMessageSize: '1024',
      MessageRetentionPeriod: '60',
      DelaySeconds: '900',
      ReceiveMessageWaitTimeSeconds: '20',
    };
    await set(QueueUrl, { ...numbers, RedrivePolicy });
    expect(await attributesOf(QueueUrl, 'All')).toMatchObject({ ...numbers, RedrivePolicy });
    const sources = await client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.QueueUrl }));
    expect(sources.queueUrls).toEqual([QueueUrl]);
    const RedriveAllowPolicy = JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [arn] });
    await set(dead.QueueUrl, { RedriveAllowPolicy });
    expect(await attributesOf(dead.QueueUrl, 'RedriveAllowPolicy')).toEqual({ RedriveAllowPolicy });
    await set(QueueUrl, { RedrivePolicy: '' });
    await set(dead.QueueUrl, { RedriveAllowPolicy: '', KmsMasterKeyId: '' });
    expect(await attributesOf(QueueUrl, 'RedrivePolicy', 'KmsMasterKeyId')).toBeUndefined();
    expect(await attributesOf(dead.QueueUrl, 'RedriveAllowPolicy')).toBeUndefined();
    const none = await client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.QueueUrl }));
    expect(none.queueUrls ?? []).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a number that is none', { VisibilityTimeout: 'long' }, 'InvalidAttributeValue'],
    ['a number out of its range', { DelaySeconds: '901' }, 'InvalidAttributeValue'],
    ['a dead-letter queue that there is not', { RedrivePolicy: policy('none') }, 'InvalidAttributeValue'],
    [
      'a dead-letter queue of another account',
      { RedrivePolicy: policy('a').replace(account, '123456789012') },
      'InvalidAttributeValue',
    ],
    ['a policy that is not JSON', { RedrivePolicy: 'none' }, 'InvalidAttributeValue'],
    ['an attribute that there is not', { Colour: 'red' }, 'InvalidAttributeName'],
    ['an attribute that cannot be set', { QueueArn: 'x' }, 'InvalidAttributeName'],
    ['a key of KMS', { KmsMasterKeyId: 'alias/aws/sqs' }, 'UnsupportedOperation'],
    ['encryption', { SqsManagedSseEnabled: 'true' }, 'UnsupportedOperation'],
    ['a FIFO queue without the suffix', { FifoQueue: 'true' }, 'InvalidParameterValue'],
    ["a FIFO queue's attribute", { ContentBasedDeduplication: 'true' }, 'InvalidAttributeValue'],
    ['a policy for everybody', { Policy: open('*') }, 'InvalidAttributeValue'],
  ])('refuses %s', async (_, attributes, name) => {
    const refused = `${prefix}-refused`;
    expect(await code(client.send(new CreateQueueCommand({ QueueName: refused, Attributes: attributes })))).toMatch(
      new RegExp(`^${name}`),
    );
    expect(await code(client.send(new GetQueueUrlCommand({ QueueName: refused })))).toBe('QueueDoesNotExist');
    const { QueueUrl } = await create();
    expect(await code(set(QueueUrl, attributes))).toMatch(new RegExp(`^${name}`));
  });

  it('names a refused member as SQS does', async () => {
    const { QueueUrl } = await create();
    await expect(set(QueueUrl, { VisibilityTimeout: '43201' })).rejects.toThrow(/^VisibilityTimeout 43201 must be/);
    await expect(client.send(new CreateQueueCommand({ QueueName: 'a b' }))).rejects.toThrow(/^QueueName/);
  });

  it('knows a queue by any host and by no other account', async () => {
    const { name, QueueUrl } = await create();
    const asked = (url: string, by = client) =>
      code(by.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] })));
    for (const url of [QueueUrl, `https://sqs.us-east-1.amazonaws.com/${account}/${name}`, `http://q/queue/${name}`])
      expect(await asked(url)).toBe('ok');
    expect(await asked(`${api.awsUrl}/123456789012/${name}`)).toBe('QueueDoesNotExist');
    expect(await asked(`${api.awsUrl}/${account}/none`)).toBe('QueueDoesNotExist');
    expect(await asked('/')).toBe('InvalidAddress');
    const stranger = sqsClient(api, otherKey, protocol);
    expect(await asked(QueueUrl, stranger)).toBe('QueueDoesNotExist');
    expect(await code(stranger.send(new GetQueueUrlCommand({ QueueName: name })))).toBe('QueueDoesNotExist');
    const owned = new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account });
    expect(await code(stranger.send(owned))).toBe('QueueDoesNotExist');
    expect(await code(client.send(owned))).toBe('ok');
  });

  it('lists queues page by page', async () => {
    const group = `${prefix}-list`;
    for (let n = 0; n < 3; n++) await client.send(new CreateQueueCommand({ QueueName: `${group}-${n}` }));
    const pages: string[][] = [];
    for await (const page of paginateListQueues({ client, pageSize: 2 }, { QueueNamePrefix: group }))
      pages.push(page.QueueUrls ?? []);
    expect(pages.map((page) => page.length)).toEqual([2, 1]);
    expect(pages.flat().sort()).toEqual([0, 1, 2].map((n) => urlOf(`${group}-${n}`)));
    expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: `${prefix}-none` }))).QueueUrls).toBeUndefined();
    expect((await client.send(new ListQueuesCommand({}))).QueueUrls!.length).toBeGreaterThan(2);
    expect(await code(client.send(new ListQueuesCommand({ MaxResults: 1001 })))).toMatch(/^InvalidParameterValue/);
    expect(await code(client.send(new ListQueuesCommand({ NextToken: 'x' })))).toMatch(/^InvalidParameterValue/);
  });

  it('tags and untags', async () => {
    const { QueueUrl } = await create();
    const tags = async () => (await client.send(new ListQueueTagsCommand({ QueueUrl }))).Tags;
    expect(await tags()).toBeUndefined();
    await client.send(new TagQueueCommand({ QueueUrl, Tags: { a: '1', b: '' } }));
    await client.send(new TagQueueCommand({ QueueUrl, Tags: { a: '2' } }));
    expect(await tags()).toEqual({ a: '2', b: '' });
    await client.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['a', 'c'] }));
    expect(await tags()).toEqual({ b: '' });
  });

  it('keeps permissions of its own account, also when several are added at once', async () => {
    const { QueueUrl, arn } = await create();
    const add = (Label: string, ids = [account], Actions = ['SendMessage']) =>
      client.send(new AddPermissionCommand({ QueueUrl, Label, AWSAccountIds: ids, Actions }));
    const remove = (Label: string) => client.send(new RemovePermissionCommand({ QueueUrl, Label }));
    await add('one', [account], ['SendMessage', 'ReceiveMessage']);
    const policy = async () => JSON.parse((await attributesOf(QueueUrl, 'Policy'))?.['Policy'] ?? 'null');
    expect(await policy()).toEqual({
      Version: '2012-10-17',
      Id: `${arn}/SQSDefaultPolicy`,
      Statement: [
        {
          Sid: 'one',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: ['SQS:SendMessage', 'SQS:ReceiveMessage'],
          Resource: arn,
        },
      ],
    });
    await Promise.all(['two', 'three'].map((label) => add(label)));
    expect((await policy()).Statement.map(({ Sid }: { Sid: string }) => Sid).sort()).toEqual(['one', 'three', 'two']);
    await expect(add('one')).rejects.toThrow('Already exists');
    await expect(add('four', ['123456789012'])).rejects.toThrow(/not of account \d+; roles decide/);
    await expect(remove('five')).rejects.toThrow("can't find label");
    for (const label of ['one', 'two', 'three']) await remove(label);
    expect(await policy()).toBeNull();
  });

  it('purges once in a minute', async () => {
    const { QueueUrl } = await create();
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await client.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await code(client.send(new PurgeQueueCommand({ QueueUrl })))).toBe('PurgeQueueInProgress');
  });

  it('starts, lists and cancels a task that moves messages', async () => {
    const dead = await create();
    const { arn } = await create({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 }),
    });
    const start = (more: object = {}) => client.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn, ...more }));
    const { TaskHandle } = await start({ DestinationArn: arn, MaxNumberOfMessagesPerSecond: 7 });
    expect(await code(start())).toBe('UnsupportedOperation');
    const list = async (MaxResults?: number) =>
      (await client.send(new ListMessageMoveTasksCommand({ SourceArn: dead.arn, MaxResults }))).Results;
    expect(await list()).toEqual([
      {
        TaskHandle,
        Status: 'RUNNING',
        SourceArn: dead.arn,
        DestinationArn: arn,
        MaxNumberOfMessagesPerSecond: 7,
        ApproximateNumberOfMessagesMoved: 0,
        ApproximateNumberOfMessagesToMove: 0,
        StartedTimestamp: expect.any(Number),
      },
    ]);
    const cancel = (handle: string) => client.send(new CancelMessageMoveTaskCommand({ TaskHandle: handle }));
    expect((await cancel(TaskHandle!)).ApproximateNumberOfMessagesMoved).toBe(0);
    expect(await list(10)).toEqual([expect.not.objectContaining({ TaskHandle: expect.anything() })]);
    expect(await code(cancel('x'))).toMatch(/^InvalidParameterValue/);
    const gone = JSON.stringify({ taskId: '01900000-0000-7000-8000-000000000000', sourceArn: dead.arn });
    expect(await code(cancel(Buffer.from(gone).toString('base64')))).toBe('ResourceNotFoundException');
    expect(await code(start({ SourceArn: arnOf('none') }))).toBe('ResourceNotFoundException');
    expect(await code(start({ SourceArn: dead.arn.replace(account, '123456789012') }))).toBe(
      'ResourceNotFoundException',
    );
  });

  it('deletes a queue', async () => {
    const { QueueUrl } = await create();
    await client.send(new DeleteQueueCommand({ QueueUrl }));
    expect(await code(client.send(new DeleteQueueCommand({ QueueUrl })))).toBe('QueueDoesNotExist');
  });
});

function policy(name: string): string {
  return JSON.stringify({ deadLetterTargetArn: arnOf(name), maxReceiveCount: 1 });
}

function open(principal: string): string {
  const Statement = [{ Effect: 'Allow', Principal: principal, Action: 'SQS:*', Resource: '*' }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}
