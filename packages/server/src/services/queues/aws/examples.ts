import type { AwsExample, AwsWorld } from '../../../kernel/aws-actions.ts';
import { newId } from '../../../kernel/ids.ts';
import { insertQueue, insertReceived } from '../message-examples.ts';
import { taskHandle } from './move-tasks.ts';
import { queueArn } from './names.ts';

async function makeQueue(world: AwsWorld, settings: Readonly<Record<string, unknown>> = {}) {
  const name = `queue-${world.unique()}`;
  const arn = queueArn(world, name);
  const id = await insertQueue(world, { name, arn, ...settings });
  return { id, name, arn, QueueUrl: `${world.baseUrl}/${world.accountNumber}/${name}` };
}

/** A call that names a queue by its URL, and says more. */
const ofQueue = (
  more: object | ((world: AwsWorld, id: string) => Promise<object>) = {},
  settings: Readonly<Record<string, unknown>> = {},
): AwsExample => ({
  foreign: 'QueueDoesNotExist',
  async input(world) {
    const { id, QueueUrl } = await makeQueue(world, settings);
    return { QueueUrl, ...(typeof more === 'function' ? await more(world, id) : more) };
  },
});

const received =
  (more: object = {}) =>
  async (world: AwsWorld, id: string) => ({ ReceiptHandle: await insertReceived(world, id), ...more });
const receivedEntries =
  (more: object = {}) =>
  async (world: AwsWorld, id: string) => ({
    Entries: [{ Id: 'a', ReceiptHandle: await insertReceived(world, id), ...more }],
  });

/** A dead-letter queue, and the task that moves its messages. */
async function makeTask(world: AwsWorld) {
  const { id, name, arn } = await makeQueue(world);
  const task = newId();
  await world.owner.query(
    'insert into queue_move_tasks (id, user_id, tenant_id, source_queue_id) values ($1, $2, $3, $4)',
    [task, world.userId, world.tenantId, id],
  );
  return { name, arn, task };
}

const policyOf = (world: AwsWorld): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'one', Effect: 'Allow', Principal: { AWS: world.accountNumber }, Action: 'SQS:*', Resource: '*' },
    ],
  });

export const queueActionExamples: Readonly<Record<string, AwsExample>> = {
  AddPermission: ofQueue(async (world) => ({
    Label: 'one',
    AWSAccountIds: [world.accountNumber],
    Actions: ['SendMessage'],
  })),
  CancelMessageMoveTask: {
    foreign: 'ResourceNotFoundException',
    async input(world) {
      const { name, task } = await makeTask(world);
      return { TaskHandle: taskHandle(world, name, task) };
    },
    malformed: () => [{ TaskHandle: 'x' }],
  },
  ChangeMessageVisibility: {
    ...ofQueue(received({ VisibilityTimeout: 60 })),
    malformed: (good) => [{ ...good, VisibilityTimeout: 43_201 }],
  },
  ChangeMessageVisibilityBatch: {
    ...ofQueue(receivedEntries({ VisibilityTimeout: 60 })),
    malformed: (good) => [{ ...good, Entries: [] }],
  },
  CreateQueue: {
    input: async ({ unique }) => ({ QueueName: `queue-${unique()}` }),
    malformed: (good) => [
      { QueueName: 'a b' },
      { ...good, Attributes: { VisibilityTimeout: '-1' } },
      { ...good, Attributes: { KmsMasterKeyId: 'alias/aws/sqs' } },
    ],
  },
  DeleteMessage: ofQueue(received()),
  DeleteMessageBatch: {
    ...ofQueue(receivedEntries()),
    malformed: (good) => [
      { ...good, Entries: Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, ReceiptHandle: 'x' })) },
    ],
  },
  DeleteQueue: ofQueue(),
  GetQueueAttributes: {
    ...ofQueue({ AttributeNames: ['All'] }),
    malformed: (good) => [{ ...good, AttributeNames: ['Colour'] }],
  },
  GetQueueUrl: {
    foreign: 'QueueDoesNotExist',
    input: async (world) => ({ QueueName: (await makeQueue(world)).name }),
  },
  ListDeadLetterSourceQueues: ofQueue(async (world, id) => {
    await makeQueue(world, { dead_letter_queue_id: id, max_receive_count: 3 });
    return {};
  }),
  ListMessageMoveTasks: {
    foreign: 'ResourceNotFoundException',
    input: async (world) => ({ SourceArn: (await makeTask(world)).arn }),
    malformed: (good) => [{ ...good, MaxResults: 1001 }],
  },
  ListQueueTags: ofQueue({}, { labels: '{"team":"red"}' }),
  ListQueues: {
    async input(world) {
      await makeQueue(world);
      return {};
    },
    malformed: () => [{ MaxResults: 1001 }, { NextToken: 'x' }],
  },
  PurgeQueue: ofQueue(),
  ReceiveMessage: {
    ...ofQueue({ MaxNumberOfMessages: 10, AttributeNames: ['All'] }),
    malformed: (good) => [
      { ...good, MaxNumberOfMessages: 11 },
      { ...good, WaitTimeSeconds: 21 },
    ],
  },
  RemovePermission: {
    foreign: 'QueueDoesNotExist',
    async input(world) {
      const { QueueUrl } = await makeQueue(world, { access_policy: policyOf(world) });
      return { QueueUrl, Label: 'one' };
    },
    malformed: (good) => [{ ...good, Label: 'two' }],
  },
  SendMessage: {
    ...ofQueue({ MessageBody: 'hello' }),
    malformed: (good) => [
      { ...good, MessageBody: '\u0001' },
      { ...good, DelaySeconds: 901 },
    ],
  },
  SendMessageBatch: {
    ...ofQueue({ Entries: [{ Id: 'a', MessageBody: 'hello' }] }),
    malformed: (good) => [{ ...good, Entries: [{ Id: 'a b', MessageBody: 'hello' }] }],
  },
  SetQueueAttributes: {
    ...ofQueue({ Attributes: { VisibilityTimeout: '7' } }),
    malformed: (good) => [{ ...good, Attributes: { DelaySeconds: '901' } }],
  },
  StartMessageMoveTask: {
    foreign: 'ResourceNotFoundException',
    async input(world) {
      const { id, arn } = await makeQueue(world);
      await makeQueue(world, { dead_letter_queue_id: id, max_receive_count: 3 });
      return { SourceArn: arn };
    },
    malformed: (good) => [{ ...good, MaxNumberOfMessagesPerSecond: 501 }],
  },
  TagQueue: ofQueue({ Tags: { team: 'red' } }),
  UntagQueue: ofQueue({ TagKeys: ['team'] }, { labels: '{"team":"red"}' }),
};
