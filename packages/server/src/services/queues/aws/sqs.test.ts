import { describe, expect, it } from 'vitest';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { conflict, notFound, quotaExceeded } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { queueActions } from './sqs.ts';

type Answers = Readonly<Record<string, (input: Readonly<Record<string, unknown>>, ifMatch?: number) => unknown>>;

/** Runs an action over operations that answer so; what was executed is in `calls`. */
function over(answers: Answers) {
  const calls: string[] = [];
  const context = {
    accountNumber: '210987654321',
    region: 'eu-west-1',
    baseUrl: 'http://cloud.lan:4566',
    async execute(operation: string, input: Readonly<Record<string, unknown>>, { ifMatch }: { ifMatch?: number } = {}) {
      calls.push(operation);
      return answers[operation]!(input, ifMatch);
    },
  } as unknown as AwsContext;
  return {
    calls,
    run: (action: string, input: object) => queueActions.actions[action]!(input as never, context) as Promise<any>,
  };
}
const throws = (error: Error) => () => {
  throw error;
};
const QueueUrl = 'http://cloud.lan:4566/210987654321/q';

describe('a policy that others change at the same time', () => {
  const add = { QueueUrl, Label: 'one', AWSAccountIds: ['210987654321'], Actions: ['*'] };

  it('is read again, and what they have added stays', async () => {
    const theirs = { Sid: 'theirs', Effect: 'Allow' };
    let version = 1;
    let policy = '';
    const { run, calls } = over({
      'queues.get': () => ({ id: 'q', arn: 'arn', version, access_policy: policy }),
      'queues.update'(input, ifMatch) {
        if (version === 1) {
          version = 2;
          policy = JSON.stringify({ Version: '2012-10-17', Statement: theirs });
        }
        if (ifMatch !== version) throw conflict('changed');
        policy = String(input['access_policy']);
      },
    });
    await run('AddPermission', add);
    expect(calls).toEqual(['queues.get', 'queues.update', 'queues.get', 'queues.update']);
    expect(JSON.parse(policy).Statement).toEqual([theirs, expect.objectContaining({ Sid: 'one', Action: 'SQS:*' })]);
  });

  it('is not tried for ever', async () => {
    const { run, calls } = over({
      'queues.get': () => ({ id: 'q', arn: 'arn', version: 1 }),
      'queues.update': throws(conflict('changed')),
    });
    await expect(run('AddPermission', add)).rejects.toThrow('changed');
    expect(calls).toHaveLength(10);
  });
});

describe('messages of a dead-letter queue', () => {
  const message = (source: string) => ({
    id: newId(),
    body: 'x',
    md5: '',
    received_count: 1,
    dead_letter_source: source,
  });
  const receive = { QueueUrl, MessageSystemAttributeNames: ['DeadLetterQueueSourceArn'] };

  it('tell the ARN of the queue that they came from, which is looked up once', async () => {
    const { run, calls } = over({
      'queues.receive': () => [message('one'), message('one')],
      'queues.get': () => ({ name: 'source' }),
    });
    for (let n = 0; n < 2; n++) {
      const { Messages } = await run('ReceiveMessage', receive);
      expect(Messages.map((shown: { Attributes: object }) => shown.Attributes)).toEqual(
        Array(2).fill({ DeadLetterQueueSourceArn: 'arn:aws:sqs:eu-west-1:210987654321:source' }),
      );
    }
    expect(calls).toEqual(['queues.receive', 'queues.get', 'queues.receive']);
  });

  it('are received also when that queue is gone', async () => {
    const { run } = over({
      'queues.receive': () => [message('gone')],
      'queues.get': throws(notFound('queue', 'gone')),
    });
    expect((await run('ReceiveMessage', receive)).Messages[0].Attributes).toEqual({});
  });
});

describe('CreateQueue', () => {
  const full = throws(quotaExceeded('200 queues are the most'));

  it('answers for a queue that there is, also at the quota', async () => {
    const { run } = over({ 'queues.create': full, 'queues.get': () => ({ name: 'q' }) });
    expect(await run('CreateQueue', { QueueName: 'q' })).toEqual({ QueueUrl });
  });

  it('takes no queue for it whose id begins with the name', async () => {
    const { run } = over({ 'queues.create': full, 'queues.get': () => ({ name: 'another' }) });
    await expect(run('CreateQueue', { QueueName: 'deadbeef' })).rejects.toThrow('200 queues');
  });
});
