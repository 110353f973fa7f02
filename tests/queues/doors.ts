import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Outcome } from './history.ts';

/** One queue through one door of one API process. */
export interface Door {
  readonly name: string;
  /** Whether it refuses a stale handle. */
  readonly strict: boolean;
  /** An outcome for each entry. */
  send(entries: readonly Entry[]): Promise<readonly Sent[]>;
  /** Undefined: no answer. */
  receive(wish: Wish): Promise<readonly Received[] | undefined>;
  remove(handles: readonly string[]): Promise<readonly Outcome[]>;
  hide(handle: string, seconds: number): Promise<Outcome>;
  close(): void;
}

export interface Entry {
  readonly body: string;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
}
export interface Sent {
  readonly outcome: Outcome;
  readonly messageId?: string | undefined;
  readonly sequence?: bigint | undefined;
}
export interface Wish {
  readonly max: number;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number;
}
export interface Received {
  readonly messageId: string;
  readonly body: string;
  readonly handle: string;
  readonly count: number;
  readonly group?: string | undefined;
  readonly sequence?: bigint | undefined;
}

/** Longer than a long poll, and than a restart of what does not answer. */
const CALL_MS = 20_000;

const toSequence = (text: string | undefined): bigint | undefined => (text === undefined ? undefined : BigInt(text));

/** Certainly not done: it was told so, or nothing listened. */
const outcomeOf = (status: number): Outcome => (status < 300 ? 'done' : status < 500 ? 'refused' : 'unknown');

function outcomeOfError(error: unknown): Outcome {
  const { $metadata, code, cause } = error as {
    $metadata?: { httpStatusCode?: number };
    code?: string;
    cause?: { code?: string };
  };
  if ($metadata?.httpStatusCode !== undefined && $metadata.httpStatusCode >= 400)
    return outcomeOf($metadata.httpStatusCode);
  return [code, cause?.code].includes('ECONNREFUSED') ? 'refused' : 'unknown';
}

/** Refusals that a correct client of a correct queue never gets are told to `refused`. */
export type OnRefusal = (text: string) => void;

/** REST in our own words. */
export function restDoor(address: string, key: string, queueId: string, refused: OnRefusal): Door {
  const call = async (method: string, path: string, body?: object) => {
    try {
      const response = await fetch(`${address}/queues/${queueId}${path}`, {
        method,
        headers: { 'x-api-key': key, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(CALL_MS),
      });
      const text = await response.text();
      const outcome = outcomeOf(response.status);
      if (outcome === 'refused') refused(`${response.status} ${text.slice(0, 300)}`);
      return { outcome, data: outcome === 'done' && text !== '' ? JSON.parse(text).data : undefined };
    } catch (error) {
      return { outcome: outcomeOfError(error), data: undefined };
    }
  };
  const batched = ({ outcome, data }: { outcome: Outcome; data: any }, size: number): Outcome[] =>
    Array.from({ length: size }, (_, place) => {
      if (outcome !== 'done') return outcome;
      const failed = data.failed.find((one: { id: string }) => one.id === String(place));
      if (!failed) return 'done';
      refused(`${failed.code} ${failed.message}`);
      return failed.code === 'INTERNAL' ? 'unknown' : 'refused';
    });
  const wire = ({ body, group, deduplicationId }: Entry) => ({
    body,
    ...(group === undefined ? {} : { group_id: group }),
    ...(deduplicationId === undefined ? {} : { deduplication_id: deduplicationId }),
  });
  return {
    name: `REST ${address}`,
    strict: true,
    async send(entries) {
      if (entries.length === 1) {
        const { outcome, data } = await call('POST', '/messages', wire(entries[0]!));
        return [{ outcome, messageId: data?.id, sequence: toSequence(data?.sequence_number) }];
      }
      const named = entries.map((entry, place) => ({ id: String(place), ...wire(entry) }));
      const answer = await call('POST', '/messages/batch', { entries: named });
      return batched(answer, entries.length).map((outcome, place) => {
        const sent = answer.data?.successful.find((one: { id: string }) => one.id === String(place));
        return { outcome, messageId: sent?.message_id, sequence: toSequence(sent?.sequence_number) };
      });
    },
    async receive({ max, waitSeconds, visibilitySeconds }) {
      const query = `max_messages=${max}&wait_seconds=${waitSeconds}&visibility_timeout=${visibilitySeconds}`;
      const { data } = await call('GET', `/messages?${query}`);
      return data?.map((message: any) => ({
        messageId: message.id,
        body: message.body,
        handle: message.receipt_handle,
        count: message.received_count,
        group: message.group_id,
        sequence: toSequence(message.sequence_number),
      }));
    },
    async remove(handles) {
      if (handles.length === 1) return [(await call('DELETE', `/messages/${handles[0]}`)).outcome];
      const entries = handles.map((handle, place) => ({ id: String(place), receipt_handle: handle }));
      return batched(await call('POST', '/messages/delete', { entries }), handles.length);
    },
    hide: async (handle, seconds) =>
      (await call('PATCH', `/messages/${handle}`, { visibility_timeout: seconds })).outcome,
    close: () => undefined,
  };
}

export interface AwsPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The AWS SDK, which signs each request; nothing is tried twice. */
export function sqsDoor(address: string, credentials: AwsPair, queuePath: string, refused: OnRefusal): Door {
  const client = new SQSClient({
    endpoint: address,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    requestHandler: { requestTimeout: CALL_MS, connectionTimeout: 5_000, httpAgent: { maxSockets: 300 } },
  });
  const QueueUrl = `${address}${queuePath}`;
  const call = async <Answer>(work: () => Promise<Answer>): Promise<{ outcome: Outcome; answer?: Answer }> => {
    try {
      return { outcome: 'done', answer: await work() };
    } catch (error) {
      const outcome = outcomeOfError(error);
      if (outcome === 'refused') refused(String(error));
      return { outcome };
    }
  };
  type Results = {
    Successful?: { Id?: string | undefined }[];
    Failed?: { Id?: string | undefined; SenderFault?: boolean | undefined; Message?: string | undefined }[];
  };
  const batched = ({ outcome, answer }: { outcome: Outcome; answer?: Results }, size: number): Outcome[] =>
    Array.from({ length: size }, (_, place) => {
      if (outcome !== 'done') return outcome;
      if (answer?.Successful?.some(({ Id }) => Id === String(place))) return 'done';
      const failed = answer?.Failed?.find(({ Id }) => Id === String(place));
      refused(failed?.Message ?? 'an entry without an answer');
      return failed?.SenderFault ? 'refused' : 'unknown';
    });
  const wire = ({ body, group, deduplicationId }: Entry) => ({
    MessageBody: body,
    ...(group === undefined ? {} : { MessageGroupId: group }),
    ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
  });
  const toReceived = ({ MessageId, Body, ReceiptHandle, Attributes }: Message): Received => ({
    messageId: MessageId!,
    body: Body!,
    handle: ReceiptHandle!,
    count: Number(Attributes?.ApproximateReceiveCount),
    group: Attributes?.MessageGroupId,
    sequence: toSequence(Attributes?.SequenceNumber),
  });
  return {
    name: `SQS ${address}`,
    strict: false,
    async send(entries) {
      if (entries.length === 1) {
        const { outcome, answer } = await call(() =>
          client.send(new SendMessageCommand({ QueueUrl, ...wire(entries[0]!) })),
        );
        return [{ outcome, messageId: answer?.MessageId, sequence: toSequence(answer?.SequenceNumber) }];
      }
      const Entries = entries.map((entry, place) => ({ Id: String(place), ...wire(entry) }));
      const told = await call(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
      return batched(told as { outcome: Outcome; answer?: Results }, entries.length).map((outcome, place) => {
        const sent = told.answer?.Successful?.find(({ Id }) => Id === String(place));
        return { outcome, messageId: sent?.MessageId, sequence: toSequence(sent?.SequenceNumber) };
      });
    },
    async receive({ max, waitSeconds, visibilitySeconds }) {
      const { outcome, answer } = await call(() =>
        client.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: max,
            WaitTimeSeconds: waitSeconds,
            VisibilityTimeout: visibilitySeconds,
            MessageSystemAttributeNames: ['All'],
          }),
        ),
      );
      return outcome === 'done' ? (answer?.Messages ?? []).map(toReceived) : undefined;
    },
    async remove(handles) {
      if (handles.length === 1)
        return [
          (await call(() => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handles[0]! })))).outcome,
        ];
      const Entries = handles.map((handle, place) => ({ Id: String(place), ReceiptHandle: handle }));
      const told = await call(() => client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })));
      return batched(told as { outcome: Outcome; answer?: Results }, handles.length);
    },
    async hide(handle, seconds) {
      const wish = { QueueUrl, ReceiptHandle: handle, VisibilityTimeout: seconds };
      return (await call(() => client.send(new ChangeMessageVisibilityCommand(wish)))).outcome;
    },
    close: () => client.destroy(),
  };
}
