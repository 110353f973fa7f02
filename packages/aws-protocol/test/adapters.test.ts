import Fastify from 'fastify';
import { SQSClient, CreateQueueCommand, SendMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { GetObjectCommand, PutObjectCommand, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { sqsInMemory } from '../examples/sqs-in-memory.ts';
import { awsPlugin } from '../src/adapters/fastify.ts';
import { AwsServer, loadModel, serve } from '../src/index.ts';
import { KEY } from './support/harness.ts';
import { s3InMemory } from './support/s3.ts';

it('serves below Fastify, beside routes of its own', async () => {
  const app = Fastify();
  app.get('/health', () => ({ ok: true }));
  const server = new AwsServer({
    services: [
      serve<typeof import('@aws-sdk/client-sqs')>(
        loadModel('sqs'),
        sqsInMemory(() => 'http://127.0.0.1'),
      ),
      serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), s3InMemory().handlers) as never,
    ],
    credentials: (id) =>
      id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'p' } : undefined,
  });
  await app.register(awsPlugin(server));
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  try {
    const config = { region: 'us-east-1', endpoint, credentials: KEY, maxAttempts: 1 };
    const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'through Fastify' }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body).toBe('through Fastify');
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: Buffer.alloc(3_000_000, 'x') }));
    expect(
      (await (await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }))).Body?.transformToByteArray())
        ?.length,
    ).toBe(3_000_000);
    // Types that Fastify itself would not take, and a key longer than its parameters may be.
    for (const ContentType of ['banana', 'text', 'a/b; c']) {
      const Key = 'k'.repeat(900);
      await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'body', ContentType }));
      expect((await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key }))).ContentType).toBe(ContentType);
    }
    expect(await (await fetch(`${endpoint}/health`)).json()).toEqual({ ok: true });
  } finally {
    await app.close();
  }
});
