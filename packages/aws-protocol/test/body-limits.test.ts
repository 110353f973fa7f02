import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { AwsServer, loadModel, serve } from '../src/index.ts';

const server = new AwsServer({
  services: [
    serve<typeof import('@aws-sdk/client-sqs')>(
      loadModel('sqs'),
      { SendMessage: ({ MessageBody }) => ({ MessageId: String(MessageBody.length), MD5OfMessageBody: '' }) },
      { bodyBytes: 2_000 },
    ),
    serve<typeof import('@aws-sdk/client-kms')>(loadModel('kms'), { EnableKey: () => undefined }),
  ],
  credentials: () => undefined,
  allowAnonymous: () => true,
  limits: { bodyBytes: 1_000 },
});

async function send(target: string, body: Buffer, headers: Record<string, string> = {}) {
  const { status } = await server.handle({
    method: 'POST',
    url: '/',
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0', ...headers },
    body: Readable.from([body]),
  });
  return status;
}
const sqs = (length: number) =>
  Buffer.from(JSON.stringify({ QueueUrl: 'q', MessageBody: 'x'.repeat(length) }).padEnd(length + 100));
const gzip = { 'content-encoding': 'gzip' };

it('a service may take larger bodies than the others, packed or not', async () => {
  expect(await send('AmazonSQS.SendMessage', sqs(1_900))).toBe(200);
  expect(await send('AmazonSQS.SendMessage', gzipSync(sqs(1_900)), gzip)).toBe(200);
  expect(await send('AmazonSQS.SendMessage', sqs(1_901))).toBe(413);
  expect(await send('AmazonSQS.SendMessage', gzipSync(sqs(1_901)), gzip)).toBe(413);
  expect(await send('AmazonSQS.SendMessage', sqs(1), { 'content-length': '2001' })).toBe(413);
  const kms = (length: number) => Buffer.from(JSON.stringify({ KeyId: 'k' }).padEnd(length));
  expect(await send('TrentService.EnableKey', kms(1_000))).toBe(200);
  expect(await send('TrentService.EnableKey', kms(1_001))).toBe(413);
});
