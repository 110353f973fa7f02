import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, expect, it } from 'vitest';
import { loadModel, Service } from '../src/index.ts';
import { KEY, start } from './support/harness.ts';

const services = [new Service<string>(loadModel('s3'), {}), new Service<string>(loadModel('sqs'), {})];
const explaining = await start(services, { signature: { explain: true } });
const silent = await start(services);
afterAll(() => Promise.all([explaining.close(), silent.close()]));

const wrong = (endpoint: string) => ({
  region: 'us-east-1',
  endpoint,
  credentials: { ...KEY, secretAccessKey: 'wrong' },
  maxAttempts: 1,
});
const ask = (url: string): Promise<Record<string, unknown>> =>
  new S3Client({ ...wrong(url), forcePathStyle: true })
    .send(new GetObjectCommand({ Bucket: 'b', Key: 'a b&<c>' }))
    .then(
      () => ({}),
      (error: unknown) => error as Record<string, unknown>,
    );

it("S3's mismatch tells what should have been signed, where that is asked for", async () => {
  const error = await ask(explaining.url);
  expect(error).toMatchObject({
    name: 'SignatureDoesNotMatch',
    AWSAccessKeyId: KEY.accessKeyId,
    SignatureProvided: expect.stringMatching(/^[0-9a-f]{64}$/),
    StringToSign: expect.stringMatching(
      /^AWS4-HMAC-SHA256\n\d{8}T\d{6}Z\n\d{8}\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
    ),
    CanonicalRequest: expect.stringMatching(/^GET\n\/b\/a%20b%26%3Cc%3E\nx-id=GetObject\n.*\nhost:127\.0\.0\.1:\d+\n/s),
  });
  const bytes = (error['CanonicalRequestBytes'] as string).split(' ');
  expect(Buffer.from(bytes.join(''), 'hex').toString()).toBe(error['CanonicalRequest']);
});

it('other services tell it in their message', async () => {
  const sqs = new SQSClient(wrong(explaining.url));
  await expect(sqs.send(new ListQueuesCommand({}))).rejects.toMatchObject({
    // The query protocol's, by which older programs know it.
    name: 'SignatureDoesNotMatch',
    message: expect.stringMatching(
      /\n\nThe Canonical String for this request should have been\n'POST\n\/\n\n.*\n[0-9a-f]{64}'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n/s,
    ),
  });
});

it('an old presigned URL is told what it should have signed too', async () => {
  const expires = Math.floor(Date.now() / 1000) + 60;
  const url = `${explaining.url}/b/k?AWSAccessKeyId=${KEY.accessKeyId}&Signature=no&Expires=${expires}`;
  const text = await (await fetch(url)).text();
  expect(text).toContain(`<StringToSign>GET\n\n\n${expires}\n/b/k</StringToSign>`);
});

it('by default nothing of it is told', async () => {
  const error = await ask(silent.url);
  expect(error['name']).toBe('SignatureDoesNotMatch');
  expect(error).not.toHaveProperty('CanonicalRequest');
  expect(error).not.toHaveProperty('StringToSign');
  await expect(new SQSClient(wrong(silent.url)).send(new ListQueuesCommand({}))).rejects.toMatchObject({
    message: expect.not.stringContaining('Canonical'),
  });
});
