import { hash } from 'node:crypto';
import { deriveKey, HmacKey } from '../../packages/aws-protocol/src/sigv4/keys.ts';

/** A queue as a client reaches it; plain data, so that it can be told to the process of the load. */
export type Door =
  | {
      readonly kind: 'sqs';
      readonly origin: string;
      readonly queueUrl: string;
      readonly region: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    }
  | { readonly kind: 'rest'; readonly origin: string; readonly queueId: string; readonly key: string };

/** Makes the requests of a protocol, as bytes. */
export interface Dialect {
  send(bodies: readonly string[]): Buffer;
  receive(most: number, waitSeconds: number): Buffer;
  remove(handles: readonly string[]): Buffer;
  /** The messages of a receive's answer. */
  taken(answer: Buffer): { readonly handle: string; readonly body: string }[];
}

export const dialectOf = (door: Door): Dialect => (door.kind === 'sqs' ? sqs(door) : rest(door));

/** What the AWS CLI and SDKs send: JSON, signed by SigV4. */
function sqs(door: Extract<Door, { kind: 'sqs' }>): Dialect {
  const host = new URL(door.origin).host;
  const names = 'content-type;host;x-amz-date;x-amz-target';
  let day = '';
  let key: HmacKey | undefined;

  function request(action: string, input: object): Buffer {
    const body = JSON.stringify(input);
    const stamp = `${new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')}`;
    const date = stamp.slice(0, 8);
    if (date !== day || !key) {
      key = new HmacKey(deriveKey(door.secretAccessKey, date, door.region, 'sqs'));
      day = date;
    }
    const scope = `${date}/${door.region}/sqs/aws4_request`;
    const target = `AmazonSQS.${action}`;
    const canonical = `POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:${host}\nx-amz-date:${stamp}\nx-amz-target:${target}\n\n${names}\n${hash('sha256', body, 'hex')}`;
    const signature = key.hex(`AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`);
    return Buffer.from(
      `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: ${target}\r\nx-amz-date: ${stamp}\r\nauthorization: AWS4-HMAC-SHA256 Credential=${door.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  const { queueUrl: QueueUrl } = door;
  return {
    send: (bodies) =>
      bodies.length === 1
        ? request('SendMessage', { QueueUrl, MessageBody: bodies[0] })
        : request('SendMessageBatch', {
            QueueUrl,
            Entries: bodies.map((MessageBody, nth) => ({ Id: `m${nth}`, MessageBody })),
          }),
    receive: (MaxNumberOfMessages, WaitTimeSeconds) =>
      request('ReceiveMessage', { QueueUrl, MaxNumberOfMessages, WaitTimeSeconds }),
    remove: (handles) =>
      handles.length === 1
        ? request('DeleteMessage', { QueueUrl, ReceiptHandle: handles[0] })
        : request('DeleteMessageBatch', {
            QueueUrl,
            Entries: handles.map((ReceiptHandle, nth) => ({ Id: `m${nth}`, ReceiptHandle })),
          }),
    taken: (answer) => {
      const { Messages } = JSON.parse(answer.toString()) as { Messages?: { ReceiptHandle: string; Body: string }[] };
      return (Messages ?? []).map((message) => ({ handle: message.ReceiptHandle, body: message.Body }));
    },
  };
}

function rest(door: Extract<Door, { kind: 'rest' }>): Dialect {
  const host = new URL(door.origin).host;
  const path = `/queues/${door.queueId}/messages`;

  function request(method: string, target: string, input?: object): Buffer {
    const body = input === undefined ? '' : JSON.stringify(input);
    const more =
      input === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    return Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nx-api-key: ${door.key}\r\n${more}\r\n${body}`);
  }

  return {
    send: (bodies) =>
      bodies.length === 1
        ? request('POST', path, { body: bodies[0] })
        : request('POST', `${path}/batch`, { entries: bodies.map((body, nth) => ({ id: `m${nth}`, body })) }),
    receive: (most, waitSeconds) => request('GET', `${path}?max_messages=${most}&wait_seconds=${waitSeconds}`),
    remove: (handles) =>
      handles.length === 1
        ? request('DELETE', `${path}/${handles[0]}`)
        : request('POST', `${path}/delete`, {
            entries: handles.map((receipt_handle, nth) => ({ id: `m${nth}`, receipt_handle })),
          }),
    taken: (answer) => {
      const { data } = JSON.parse(answer.toString()) as { data: { receipt_handle: string; body: string }[] };
      return data.map((message) => ({ handle: message.receipt_handle, body: message.body }));
    },
  };
}
