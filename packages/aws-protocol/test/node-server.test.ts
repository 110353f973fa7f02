import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeListener, nodeServer } from '../src/adapters/node.ts';
import { AwsError, AwsServer, loadModel, type Outcome, serve } from '../src/index.ts';
import { KEY, listen } from './support/harness.ts';

/** As long as the sum of target and headers, in bytes, that Node takes by itself. */
const NODES_LIMIT = 16 << 10;
const sessionToken = 'T'.repeat(NODES_LIMIT + 2000);
const outcomes: Outcome[] = [];
let metadata: Record<string, string> | undefined;
const aws = new AwsServer<string>({
  services: [
    serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
      async PutObject(input) {
        input.Body?.resume();
        metadata = input.Metadata;
        return {};
      },
      HeadObject: () => ({ Metadata: metadata }),
    }),
  ],
  credentials: () => ({ secretAccessKey: KEY.secretAccessKey, sessionToken, principal: 'me' }),
  onAnswer: (_call, outcome) => outcomes.push(outcome),
});
const running = await listen(
  nodeServer(aws, {}, { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 }),
);
const bare = await listen(createServer(nodeListener(aws)));
const done: string[] = [];
const open = await listen(
  nodeServer(
    new AwsServer<string>({
      services: [
        serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
          PutObject() {
            throw new AwsError('AccessDenied', 'no', { status: 403 });
          },
          async DeleteObject({ Key }) {
            done.push(Key as string);
            await setTimeout(100);
            return {};
          },
        }),
      ],
      credentials: () => undefined,
      allowAnonymous: () => true,
    }),
  ),
);
afterAll(() => Promise.all([running.close(), bare.close(), open.close()]));

const s3 = (endpoint: string) =>
  new S3Client({
    region: 'us-east-1',
    endpoint,
    credentials: { ...KEY, sessionToken },
    forcePathStyle: true,
    maxAttempts: 1,
  });

/** What a socket gets until it is closed. */
const say = (text: string, port = running.port): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', reject);
  });

describe('nodeServer', () => {
  it('takes 2 KB of metadata beside a session token that Node alone would refuse', async () => {
    const Metadata = { note: 'm'.repeat(2048) };
    const object = { Bucket: 'b', Key: 'k', Body: 'x', Metadata };
    await s3(running.url).send(new PutObjectCommand(object));
    expect((await s3(running.url).send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }))).Metadata).toEqual(Metadata);
    await expect(s3(bare.url).send(new PutObjectCommand(object))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 431 },
    });
  });

  it('takes a URL of 60 KiB', async () => {
    const answer = await fetch(`${running.url}/b/k?X-Amz-Signature=${'a'.repeat(60 << 10)}`);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('<Code>Authorization')]);
  });

  it.each([
    ['of the headers', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(70 << 10)}\r\n\r\n`],
    ['of the target', `GET /${'a'.repeat(70 << 10)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`],
    ["of Node's parser", `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(300 << 10)}`],
  ])('answers what is beyond the limit %s in the form of AWS', async (_what, text) => {
    outcomes.length = 0;
    const got = await say(text.replace('\r\nHost', '\r\nConnection: close\r\nHost'));
    expect(got).toMatch(/^HTTP\/1\.1 431 /);
    expect(got).toContain('<Code>RequestHeaderSectionTooLarge</Code>');
    expect(outcomes).toMatchObject([{ status: 431, failure: { code: 'RequestHeaderSectionTooLarge' } }]);
  });

  it.each([
    ['larger than the limit', `A: ${'a'.repeat(70 << 10)}`, 431, 'RequestHeaderSectionTooLarge'],
    ['that cannot be read', 'A: \x01', 400, 'InvalidRequest'],
  ])('answers a head %s to a JSON client in JSON', async (_what, line, status, __type) => {
    const head = 'Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.SendMessage';
    const got = await say(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n${line}\r\n\r\n`);
    expect(got.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
    expect(got).toContain('content-type: application/x-amz-json-1.0');
    expect(JSON.parse(got.slice(got.indexOf('\r\n\r\n')))).toMatchObject({ __type });
  });

  it('answers what is not HTTP, and what does not come in time', async () => {
    expect(await say('what?\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*<Code>InvalidRequest<\/Code>/s);
    expect(await say('GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1\.1 400 .*<Code>RequestTimeout<\/Code>/s);
  });

  it('does nothing that is asked for behind an upload whose refusal closes the connection', async () => {
    const put = `PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: ${1 << 20}\r\n\r\n${'a'.repeat(1 << 20)}`;
    const remove = (key: string): string => `DELETE /b/${key} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
    done.length = 0;
    const got = await say(remove('before') + put + remove('behind'), open.port);
    expect(got.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 403']);
    expect(done).toEqual(['before']);
  });

  it('answers no request that is being done with the refusal of what cannot be read behind it', async () => {
    done.length = 0;
    expect(await say('DELETE /b/k HTTP/1.1\r\nHost: x\r\n\r\nwhat?\r\n\r\n', open.port)).toBe('');
    expect(done).toEqual(['k']);
  });
});
