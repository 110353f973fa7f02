import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { md5Hex } from '../../../kernel/ids.ts';
import { makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';
import { sqsClient, SQS_PROTOCOLS } from '../../../testing/sqs-clients.ts';
import { uniqueWord } from '../../../testing/test-api.ts';
import { digestOf } from './digests.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);
const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

describe.each(SQS_PROTOCOLS)('messages of SQS over %s', (protocol) => {
  const client = sqsClient(api, key, protocol);
  const create = async (attributes: Record<string, string> = {}) => {
    const suffix = attributes['FifoQueue'] ? '.fifo' : '';
    const input = { QueueName: `${protocol}-${uniqueWord()}${suffix}`, Attributes: attributes };
    return (await client.send(new CreateQueueCommand(input))).QueueUrl!;
  };
  const send = (QueueUrl: string, MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
  const receive = async (QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl, ...more }))).Messages ?? [];
  const remove = (QueueUrl: string, ReceiptHandle: string) =>
    client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const change = (QueueUrl: string, ReceiptHandle: string, VisibilityTimeout: number) =>
    client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  const code = (call: Promise<unknown>) =>
    call.then(
      () => 'ok',
      (error: Error) => error.name,
    );
  const all: Partial<ReceiveMessageCommandInput> = {
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  };

  it('a message is sent, received with all that it has, and deleted', async () => {
    const queue = await create();
    const body = '<hello> & "ünïcode" 😀\r\n\ttab';
    const sent = await send(queue, body, {
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'ä & <b>' },
        'number.one': { DataType: 'Number.int', StringValue: '-1.50' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 10, 13]) },
      },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: TRACE } },
    });
    const digest = digestOf({
      text: { type: 'String', value: 'ä & <b>' },
      'number.one': { type: 'Number.int', value: '-1.50' },
      bytes: { type: 'Binary', value: 'AP8KDQ==' },
    });
    expect(sent).toMatchObject({
      MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      MD5OfMessageBody: md5Hex(body),
      MD5OfMessageAttributes: digest,
      MD5OfMessageSystemAttributes: '5ae4d5d7636402d80f4eb6d213245a88',
    });
    expect(sent.SequenceNumber).toBeUndefined();
    const [message, ...rest] = await receive(queue, { ...all, MaxNumberOfMessages: 10 });
    expect(rest).toEqual([]);
    const { SentTimestamp, ApproximateFirstReceiveTimestamp, ...attributes } = message!.Attributes!;
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: body,
      MD5OfBody: md5Hex(body),
      MD5OfMessageAttributes: digest,
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'ä & <b>' },
        'number.one': { DataType: 'Number.int', StringValue: '-1.50' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 10, 13]) },
      },
    });
    expect(attributes).toEqual({ SenderId: owner.userId, ApproximateReceiveCount: '1', AWSTraceHeader: TRACE });
    for (const time of [SentTimestamp, ApproximateFirstReceiveTimestamp])
      expect(Math.abs(Number(time) - Date.now())).toBeLessThan(60_000);
    await remove(queue, message!.ReceiptHandle!);
    expect(await remove(queue, message!.ReceiptHandle!)).toBeTruthy();
  });

  it('a message of 1 MiB, each of whose characters the wire writes as several bytes, arrives as it was', async () => {
    const queue = await create();
    const body = '<"\n&'.repeat(256 * 1024);
    await send(queue, body);
    const [message] = await receive(queue, { WaitTimeSeconds: 5 });
    expect(message!.Body === body).toBe(true);
  });

  it('an empty answer has no list', async () => {
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl: await create() }))).Messages).toBeUndefined();
  });

  it('shows the attributes that are asked for, with their digest', async () => {
    const queue = await create({ VisibilityTimeout: '0' });
    const attribute = (value: string) => ({ DataType: 'String', StringValue: value });
    await send(queue, 'x', {
      MessageAttributes: { 'a.one': attribute('1'), 'a.two': attribute('2'), ab: attribute('3') },
    });
    const asked = async (names: string[]) => {
      const [message] = await receive(queue, { MessageAttributeNames: names });
      const shown = Object.keys(message!.MessageAttributes ?? {}).sort();
      const text = (name: string) => message!.MessageAttributes![name]!.StringValue!;
      expect(message!.MD5OfMessageAttributes).toBe(
        digestOf(Object.fromEntries(shown.map((name) => [name, { type: 'String', value: text(name) }]))),
      );
      return shown;
    };
    expect(await asked([])).toEqual([]);
    expect(await asked(['ab', 'none'])).toEqual(['ab']);
    expect(await asked(['a.*'])).toEqual(['a.one', 'a.two']);
    expect(await asked(['.*'])).toEqual(['a.one', 'a.two', 'ab']);
    expect(await asked(['All'])).toEqual(['a.one', 'a.two', 'ab']);
    const [plain] = await receive(queue);
    expect(plain!.Attributes).toBeUndefined();
    const [counted] = await receive(queue, { AttributeNames: ['ApproximateReceiveCount'] as never });
    expect(counted!.Attributes).toEqual({ ApproximateReceiveCount: '7' });
    const [named] = await receive(queue, { MessageSystemAttributeNames: ['SenderId', 'MessageGroupId'] });
    expect(named!.Attributes).toEqual({ SenderId: owner.userId });
  });

  it('a message is hidden for its visibility timeout, which its holder changes', async () => {
    const queue = await create();
    await send(queue, 'x');
    const [first] = await receive(queue, { VisibilityTimeout: 600 });
    expect(await receive(queue)).toEqual([]);
    await change(queue, first!.ReceiptHandle!, 0);
    const [second] = await receive(queue, { WaitTimeSeconds: 2 });
    expect(second!.MessageId).toBe(first!.MessageId);
    expect(second!.ReceiptHandle).not.toBe(first!.ReceiptHandle);
    // A handle that another one has replaced deletes nothing, and that is no error.
    await remove(queue, first!.ReceiptHandle!);
    expect(await code(change(queue, first!.ReceiptHandle!, 0))).toBe('MessageNotInflight');
    await change(queue, second!.ReceiptHandle!, 0);
    expect(await receive(queue, { WaitTimeSeconds: 2 })).toHaveLength(1);
  });

  it('a long poll waits for a message, and ends without one', async () => {
    const queue = await create();
    const waiting = receive(queue, { WaitTimeSeconds: 10 });
    await send(queue, 'late');
    expect((await waiting).map(({ Body }) => Body)).toEqual(['late']);
    const before = performance.now();
    expect(await receive(queue, { WaitTimeSeconds: 1 })).toEqual([]);
    expect(performance.now() - before).toBeGreaterThan(900);
  });

  it('a client that has gone takes no message', async () => {
    const queue = await create();
    const leaving = new AbortController();
    const input = { QueueUrl: queue, WaitTimeSeconds: 20, VisibilityTimeout: 600 };
    const gone = client.send(new ReceiveMessageCommand(input), { abortSignal: leaving.signal });
    await sleep(200);
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' });
    await sleep(200);
    await send(queue, 'for another');
    expect(await receive(queue, { WaitTimeSeconds: 5 })).toMatchObject([{ Body: 'for another' }]);
  });

  it('sends, hides and deletes ten at once', async () => {
    const queue = await create();
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    const sent = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue,
        Entries: numbers.map((n) => ({
          Id: `e${n}`,
          MessageBody: `body ${n}`,
          ...(n === 3 ? { MessageAttributes: { n: { DataType: 'Number', StringValue: '3' } } } : {}),
        })),
      }),
    );
    expect(sent.Failed).toBeUndefined();
    expect(sent.Successful!.map(({ Id, MD5OfMessageBody }) => [Id, MD5OfMessageBody])).toEqual(
      numbers.map((n) => [`e${n}`, md5Hex(`body ${n}`)]),
    );
    expect(sent.Successful![3]!.MD5OfMessageAttributes).toBe(digestOf({ n: { type: 'Number', value: '3' } }));
    const got: Message[] = [];
    while (got.length < 10) got.push(...(await receive(queue, { MaxNumberOfMessages: 10, WaitTimeSeconds: 5 })));
    const ids = new Set(got.map(({ MessageId }) => MessageId));
    expect(ids).toEqual(new Set(sent.Successful!.map(({ MessageId }) => MessageId)));
    const entries = got.map(({ ReceiptHandle }, n) => ({ Id: `r${n}`, ReceiptHandle: ReceiptHandle! }));
    const hidden = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue,
        Entries: entries.map((entry) => ({ ...entry, VisibilityTimeout: 60 })),
      }),
    );
    expect([hidden.Successful!.length, hidden.Failed]).toEqual([10, undefined]);
    const deletion = () => client.send(new DeleteMessageBatchCommand({ QueueUrl: queue, Entries: entries }));
    for (const done of [await deletion(), await deletion()])
      expect([done.Successful!.length, done.Failed]).toEqual([10, undefined]);
    const gone = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue,
        Entries: [{ ...entries[0]!, VisibilityTimeout: 60 }],
      }),
    );
    expect(gone.Failed).toEqual([
      { Id: 'r0', SenderFault: true, Code: 'MessageNotInflight', Message: expect.stringContaining('not in flight') },
    ]);
  });

  it('one entry of a batch fails, and the others do not', async () => {
    const queue = await create({ MaximumMessageSize: '1024' });
    const sent = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue,
        Entries: [
          { Id: 'good', MessageBody: 'x' },
          { Id: 'large', MessageBody: 'x'.repeat(1025) },
        ],
      }),
    );
    expect(sent.Successful!.map(({ Id }) => Id)).toEqual(['good']);
    expect(sent.Failed).toEqual([
      {
        Id: 'large',
        SenderFault: true,
        Code: 'InvalidParameterValue',
        Message: expect.stringContaining('MaximumMessageSize'),
      },
    ]);
    const [message] = await receive(queue, { WaitTimeSeconds: 5 });
    const deleted = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue,
        Entries: [
          { Id: 'good', ReceiptHandle: message!.ReceiptHandle! },
          { Id: 'bad', ReceiptHandle: 'nonsense' },
        ],
      }),
    );
    expect(deleted.Successful).toEqual([{ Id: 'good' }]);
    expect(deleted.Failed).toMatchObject([{ Id: 'bad', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }]);
  });

  it('a FIFO queue keeps the order of a group, and stores what is sent twice once', async () => {
    const queue = await create({ FifoQueue: 'true', VisibilityTimeout: '60' });
    const group = { MessageGroupId: 'g' };
    const one = await send(queue, 'one', { ...group, MessageDeduplicationId: 'd1' });
    const again = await send(queue, 'one', { ...group, MessageDeduplicationId: 'd1' });
    const two = await send(queue, 'two', { ...group, MessageDeduplicationId: 'd2' });
    expect(again).toMatchObject({ MessageId: one.MessageId, SequenceNumber: one.SequenceNumber });
    expect(one.SequenceNumber).toMatch(/^\d{20}$/);
    expect(two.SequenceNumber! > one.SequenceNumber!).toBe(true);
    const got = await receive(queue, { ...all, MaxNumberOfMessages: 10, ReceiveRequestAttemptId: 'a' });
    expect(got.map(({ Body }) => Body)).toEqual(['one', 'two']);
    expect(got[0]!.Attributes).toMatchObject({
      MessageGroupId: 'g',
      MessageDeduplicationId: 'd1',
      SequenceNumber: one.SequenceNumber,
    });
    await remove(queue, got[0]!.ReceiptHandle!);
    await change(queue, got[1]!.ReceiptHandle!, 0);
    const [next] = await receive(queue, { WaitTimeSeconds: 5 });
    expect(next!.Body).toBe('two');
    await expect(remove(queue, got[1]!.ReceiptHandle!)).rejects.toThrow('The receipt handle has expired');
    const Entries = [{ Id: 'stale', ReceiptHandle: got[1]!.ReceiptHandle! }];
    const { Failed } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: queue, Entries }));
    expect(Failed).toMatchObject([{ Id: 'stale', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }]);
    expect(await code(send(queue, 'x', {}))).toMatch(/^InvalidParameterValue|^MissingParameter/);
  });

  it('a message that is received too often tells from which queue it came', async () => {
    const dead = await create();
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
    );
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes!['QueueArn'], maxReceiveCount: 1 });
    const queue = await create({ VisibilityTimeout: '0', RedrivePolicy });
    await send(queue, 'x');
    expect(await receive(queue)).toHaveLength(1);
    expect(await receive(queue)).toEqual([]);
    const [message] = await receive(dead, { WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] });
    expect(message!.Attributes!['DeadLetterQueueSourceArn']).toBe(
      Attributes!['QueueArn']!.replace(/[^:]+$/, queue.split('/').at(-1)!),
    );
  });

  it('says what is wrong with a message', async () => {
    const queue = await create();
    const text = { DataType: 'String', StringValue: 'x' };
    expect(await code(send(queue, '\u0001'))).toBe('InvalidMessageContents');
    expect(await code(send(queue, 'x'.repeat(1024 * 1024 + 1)))).toMatch(/^InvalidParameterValue/);
    await expect(send(queue, 'x', { DelaySeconds: 901 })).rejects.toThrow(/^DelaySeconds 901 must be/);
    for (const attributes of [
      { a: { DataType: 'Colour', StringValue: 'x' } },
      { a: { DataType: 'Binary' } },
      { 'a b': text },
    ])
      expect(await code(send(queue, 'x', { MessageAttributes: attributes as never }))).toMatch(
        /^InvalidParameterValue/,
      );
    const lists = { a: { DataType: 'String', StringListValues: ['x'] } };
    expect(await code(send(queue, 'x', { MessageAttributes: lists }))).toBe('UnsupportedOperation');
    const system = { SenderId: text } as never;
    expect(await code(send(queue, 'x', { MessageSystemAttributes: system }))).toMatch(/^InvalidParameterValue/);
    expect(await code(receive(queue, { MaxNumberOfMessages: 11 }))).toMatch(/^InvalidParameterValue/);
    expect(await code(receive(queue, { WaitTimeSeconds: 21 }))).toMatch(/^InvalidParameterValue/);
    expect(await code(remove(queue, 'nonsense'))).toBe('ReceiptHandleIsInvalid');
    expect(await code(remove(queue.replace(/[^/]+$/, 'none'), '0'.repeat(56)))).toBe('QueueDoesNotExist');
    await send(queue, 'y');
    const [held] = await receive(queue, { WaitTimeSeconds: 5 });
    expect(await code(change(queue, held!.ReceiptHandle!, 43_201))).toMatch(/^InvalidParameterValue/);
    expect(await code(remove(await create(), held!.ReceiptHandle!))).toBe('ReceiptHandleIsInvalid');
  });

  it('says what is wrong with a batch', async () => {
    const queue = await create();
    const batch = (...entries: object[]) =>
      code(client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries: entries as never })));
    const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
    expect(await batch(entry('a'), entry('a'))).toBe('BatchEntryIdsNotDistinct');
    expect(await batch(entry('a b'))).toBe('InvalidBatchEntryId');
    expect(await batch(...Array.from({ length: 11 }, (_, n) => entry(`${n}`)))).toBe('TooManyEntriesInBatchRequest');
    const half = 'x'.repeat(600_000);
    expect(await batch(entry('a', half), entry('b', half))).toBe('BatchRequestTooLong');
    // Query has no form for an empty list.
    if (protocol === 'json') expect(await batch()).toBe('EmptyBatchRequest');
  });
});
