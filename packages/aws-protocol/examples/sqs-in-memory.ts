/**
 * An SQS in memory. Run it with `node sqs-in-memory.ts`, then for example
 * `AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret aws --region us-east-1 --endpoint-url http://127.0.0.1:4566 sqs create-queue --queue-name q`
 */
import { createHash, randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { AwsServer, errorsOf, type Handlers, loadModel, type Parsed, serve } from '@thecloud/aws-protocol';
import { nodeServer } from '@thecloud/aws-protocol/node';

type Sdk = typeof import('@aws-sdk/client-sqs');
const SqsError = errorsOf<Sdk>();
type Attributes = Record<string, Parsed<MessageAttributeValue>>;
interface Message {
  id: string;
  body: string;
  attributes: Attributes;
  visibleAt: number;
  receives: number;
  receipt: string;
}
interface Queue {
  url: string;
  name: string;
  attributes: Record<string, string>;
  tags: Record<string, string>;
  messages: Message[];
}

const md5 = (data: string | Uint8Array): string => createHash('md5').update(data).digest('hex');

/** The digest that clients check: name, type and value, each with its length. */
export function digestAttributes(attributes: Attributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const sized = (data: string | Uint8Array): Buffer => {
    const bytes = Buffer.from(data as Uint8Array);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const parts = names.flatMap((name) => {
    const { DataType, StringValue, BinaryValue } = attributes[name] as Parsed<MessageAttributeValue>;
    const binary = DataType?.startsWith('Binary') === true;
    const value = binary ? (BinaryValue as Uint8Array) : (StringValue ?? '');
    return [sized(name), sized(DataType ?? ''), Buffer.from([binary ? 2 : 1]), sized(value)];
  });
  return md5(Buffer.concat(parts));
}

export function sqsInMemory(baseUrl: () => string, now: () => number = Date.now): Handlers<Sdk> {
  const queues = new Map<string, Queue>();
  const find = (url: string): Queue => {
    const queue = queues.get(url.slice(url.lastIndexOf('/') + 1));
    if (!queue) throw new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  };
  const send = (queue: Queue, body: string, attributes: Attributes = {}, delay = 0) => {
    const message = { id: randomUUID(), body, attributes, visibleAt: now() + delay * 1000, receives: 0, receipt: '' };
    queue.messages.push(message);
    const digest = digestAttributes(attributes);
    return {
      MessageId: message.id,
      MD5OfMessageBody: md5(body),
      ...(digest ? { MD5OfMessageAttributes: digest } : {}),
    };
  };
  const remove = (queue: Queue, receipt: string): void => {
    queue.messages = queue.messages.filter((message) => message.receipt !== receipt);
  };

  return {
    CreateQueue({ QueueName: name, Attributes = {}, tags = {} }) {
      const url = `${baseUrl()}/000000000000/${name}`;
      if (!queues.has(name)) queues.set(name, { url, name, attributes: Attributes, tags, messages: [] });
      return { QueueUrl: url };
    },
    GetQueueUrl: (input) => ({ QueueUrl: find(`/${input.QueueName}`).url }),
    ListQueues: (input) => ({
      QueueUrls: [...queues.values()].filter((q) => q.name.startsWith(input.QueueNamePrefix ?? '')).map((q) => q.url),
    }),
    GetQueueAttributes(input) {
      const queue = find(input.QueueUrl);
      return { Attributes: { ...queue.attributes, ApproximateNumberOfMessages: String(queue.messages.length) } };
    },
    SetQueueAttributes(input) {
      Object.assign(find(input.QueueUrl).attributes, input.Attributes);
    },
    TagQueue(input) {
      Object.assign(find(input.QueueUrl).tags, input.Tags);
    },
    ListQueueTags: (input) => ({ Tags: find(input.QueueUrl).tags }),
    SendMessage: (input) => send(find(input.QueueUrl), input.MessageBody, input.MessageAttributes, input.DelaySeconds),
    SendMessageBatch(input) {
      const queue = find(input.QueueUrl);
      if (input.Entries.length === 0) throw new SqsError('EmptyBatchRequest', 'There should be at least one entry.');
      return {
        Successful: input.Entries.map((e) => ({ Id: e.Id, ...send(queue, e.MessageBody, e.MessageAttributes) })),
        Failed: [],
      };
    },
    ReceiveMessage(input) {
      const ready = find(input.QueueUrl).messages.filter((message) => message.visibleAt <= now());
      const Messages = ready.slice(0, input.MaxNumberOfMessages ?? 1).map((message) => {
        message.visibleAt = now() + (input.VisibilityTimeout ?? 30) * 1000;
        message.receives++;
        message.receipt = randomUUID();
        const digest = digestAttributes(message.attributes);
        return {
          MessageId: message.id,
          ReceiptHandle: message.receipt,
          Body: message.body,
          MD5OfBody: md5(message.body),
          Attributes: { ApproximateReceiveCount: String(message.receives) },
          ...(digest ? { MessageAttributes: message.attributes, MD5OfMessageAttributes: digest } : {}),
        };
      });
      return Messages.length > 0 ? { Messages } : {};
    },
    ChangeMessageVisibility(input) {
      const message = find(input.QueueUrl).messages.find((m) => m.receipt === input.ReceiptHandle);
      if (!message) throw new SqsError('ReceiptHandleIsInvalid', 'The receipt handle is not valid.');
      message.visibleAt = now() + (input.VisibilityTimeout ?? 0) * 1000;
    },
    DeleteMessage: (input) => remove(find(input.QueueUrl), input.ReceiptHandle),
    DeleteMessageBatch(input) {
      const queue = find(input.QueueUrl);
      for (const entry of input.Entries) remove(queue, entry.ReceiptHandle);
      return { Successful: input.Entries.map((entry) => ({ Id: entry.Id })), Failed: [] };
    },
    DeleteQueue(input) {
      queues.delete(find(input.QueueUrl).name);
    },
  };
}

// Run, and not imported.
if (realpathSync(process.argv[1] ?? '') === import.meta.filename) {
  const server = new AwsServer({
    services: [
      serve<Sdk>(
        loadModel('sqs'),
        sqsInMemory(() => 'http://127.0.0.1:4566'),
      ),
    ],
    credentials: (id) => (id === 'AKIDEXAMPLE' ? { secretAccessKey: 'secret', principal: 'demo' } : undefined),
  });
  nodeServer(server).listen(4566, '127.0.0.1', () => console.log('SQS at http://127.0.0.1:4566'));
}
