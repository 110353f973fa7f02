import { Agent } from 'node:http';
import { CloudWatchLogsClient, GetLogObjectCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  WriteGetObjectResponseCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../src/body.ts';
import { AwsError, loadModel, serve } from '../src/index.ts';
import { KEY, type Running, start } from './support/harness.ts';

const SESSION = { AccessKeyId: 'SESSIONKEY', SecretAccessKey: 'session secret', SessionToken: 'session token' };
/** A bucket name of this form makes the SDK ask for a session first. */
const DIRECTORY_BUCKET = 'things--use1-az4--x-s3';

/** Clients as they come, which put an operation's host prefix, or a bucket, before the name of the endpoint. */
describe('operations that clients send to a host name of their own', () => {
  let running: Running;
  const seen: {
    operation: string;
    host: string | undefined;
    key: string | undefined;
    input: Record<string, unknown>;
  }[] = [];
  beforeAll(async () => {
    const note = (
      input: object,
      context: { operation: string; headers: Readonly<Record<string, string>>; accessKeyId: string | undefined },
    ) => {
      seen.push({
        operation: context.operation,
        host: context.headers['host']?.split(':')[0],
        key: context.accessKeyId,
        input: input as Record<string, unknown>,
      });
    };
    running = await start(
      [
        serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
          async WriteGetObjectResponse(input, context) {
            note({ ...input, Body: input.Body && (await collect(input.Body, 1000)).toString() }, context);
          },
          CreateSession(input, context) {
            note(input, context);
            return { Credentials: { ...SESSION, Expiration: new Date(Date.now() + 300_000) } };
          },
          async PutObject(input, context) {
            note({ ...input, Body: input.Body && (await collect(input.Body, 1000)).toString() }, context);
            return { ETag: '"e"' };
          },
          GetObject(input, context) {
            note(input, context);
            return { Body: 'there', ContentLength: 5 };
          },
          CreateMultipartUpload(input, context) {
            note(input, context);
            return { UploadId: 'u' };
          },
        }),
        serve<typeof import('@aws-sdk/client-cloudwatch-logs'), string>(loadModel('cloudwatch-logs'), {
          GetLogObject(input, context) {
            note(input, context);
            return {
              fieldStream: (async function* () {
                yield { fields: { data: Buffer.from('first') } };
                yield { fields: { data: Buffer.from('second') } };
                throw new AwsError('InternalStreamingException', 'no more');
              })(),
            };
          },
        }),
      ],
      {
        s3Domains: ['s3.test'],
        credentials: (id) => {
          if (id === KEY.accessKeyId) return { secretAccessKey: KEY.secretAccessKey, principal: 'long-term' };
          if (id !== SESSION.AccessKeyId) return undefined;
          return { secretAccessKey: SESSION.SecretAccessKey, sessionToken: SESSION.SessionToken, principal: 'session' };
        },
      },
    );
  });
  afterAll(() => running.close());
  const config = (host: string) => ({
    region: 'us-east-1',
    endpoint: `http://${host}:${running.port}`,
    credentials: KEY,
    maxAttempts: 1,
    requestHandler: { httpAgent: agent() },
  });

  it('GetLogObject goes to stream-<endpoint>', async () => {
    const logs = new CloudWatchLogsClient(config('logs.test'));
    const answer = await logs.send(new GetLogObjectCommand({ logObjectPointer: 'p', unmask: true }));
    const events: string[] = [];
    const reading = (async () => {
      for await (const event of answer.fieldStream ?? []) events.push(Buffer.from(event.fields?.data ?? []).toString());
    })();
    await expect(reading).rejects.toMatchObject({ name: 'InternalStreamingException', message: 'no more' });
    expect(events).toEqual(['first', 'second']);
    expect(seen.splice(0)).toMatchObject([
      { operation: 'GetLogObject', host: 'stream-logs.test', input: { logObjectPointer: 'p', unmask: true } },
    ]);
  });

  it('WriteGetObjectResponse goes to <route>.<endpoint>, below a domain of buckets too', async () => {
    for (const host of ['object-lambda.test', 's3.test']) {
      const s3 = new S3Client(config(host));
      await s3.send(
        new WriteGetObjectResponseCommand({
          RequestRoute: 'route-1',
          RequestToken: 't',
          StatusCode: 200,
          Body: 'transformed',
          Metadata: { a: 'b' },
        }),
      );
      expect(seen.splice(0)).toMatchObject([
        {
          operation: 'WriteGetObjectResponse',
          host: `route-1.${host}`,
          input: {
            RequestRoute: 'route-1',
            RequestToken: 't',
            StatusCode: 200,
            Body: 'transformed',
            Metadata: { a: 'b' },
          },
        },
      ]);
    }
  });

  it('an object called WriteGetObjectResponse is an object', async () => {
    const s3 = new S3Client(config('s3.test'));
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket: 'bucket', Key: 'WriteGetObjectResponse' }),
    );
    expect(UploadId).toBe('u');
    expect(seen.splice(0)).toMatchObject([{ operation: 'CreateMultipartUpload', host: 'bucket.s3.test' }]);
  });

  it('CreateSession comes by itself before work in a directory bucket, whose requests carry its credentials', async () => {
    const s3 = new S3Client(config('s3.test'));
    await s3.send(new PutObjectCommand({ Bucket: DIRECTORY_BUCKET, Key: 'k', Body: 'here' }));
    const got = await s3.send(new GetObjectCommand({ Bucket: DIRECTORY_BUCKET, Key: 'k' }));
    expect(await got.Body?.transformToString()).toBe('there');
    const host = `${DIRECTORY_BUCKET}.s3.test`;
    expect(seen.splice(0)).toMatchObject([
      { operation: 'CreateSession', host, key: KEY.accessKeyId, input: { Bucket: DIRECTORY_BUCKET } },
      { operation: 'PutObject', host, key: SESSION.AccessKeyId, input: { Body: 'here' } },
      { operation: 'GetObject', host, key: SESSION.AccessKeyId },
    ]);
  });
});

/** Every name leads to this machine. */
function agent(): Agent {
  return new Agent({
    lookup: (_name, options, done) => {
      if (options.all) (done as (error: null, found: object[]) => void)(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    },
  } as ConstructorParameters<typeof Agent>[0]);
}
