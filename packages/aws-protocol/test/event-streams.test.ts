import { CloudWatchLogsClient, StartLiveTailCommand } from '@aws-sdk/client-cloudwatch-logs';
import { S3Client, SelectObjectContentCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEvent, encodeEvent } from '../src/codec/event-stream.ts';
import { AwsError, loadModel, serve } from '../src/index.ts';
import { KEY, type Running, start } from './support/harness.ts';

describe('event streams', () => {
  let running: Running;
  beforeAll(async () => {
    running = await start([
      serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
        SelectObjectContent: () => ({
          Payload: (async function* () {
            yield { Records: { Payload: Buffer.from('a,b\n') } };
            yield { Stats: { Details: { BytesScanned: 10, BytesProcessed: 9 } } };
            yield { End: {} };
          })(),
        }),
      }),
      serve<typeof import('@aws-sdk/client-cloudwatch-logs'), string>(loadModel('cloudwatch-logs'), {
        StartLiveTail: () => ({
          responseStream: (async function* () {
            yield { sessionStart: { sessionId: 's1' } };
            yield { sessionUpdate: { sessionResults: [{ message: 'line', timestamp: 5 }] } };
            throw new AwsError('SessionTimeoutException', 'three hours are over');
          })(),
        }),
      }),
    ]);
  });
  afterAll(() => running.close());
  const config = () => ({ region: 'us-east-1', endpoint: running.url, credentials: KEY, disableHostPrefix: true });

  it('rest-xml: records, XML details, empty events', async () => {
    const s3 = new S3Client({ ...config(), forcePathStyle: true });
    const answer = await s3.send(
      new SelectObjectContentCommand({
        Bucket: 'b',
        Key: 'k',
        Expression: 'select',
        ExpressionType: 'SQL',
        InputSerialization: { CSV: {} },
        OutputSerialization: { CSV: {} },
      }),
    );
    const seen: unknown[] = [];
    for await (const event of answer.Payload ?? [])
      seen.push(event.Records ? Buffer.from(event.Records.Payload ?? []).toString() : event);
    expect(seen).toEqual(['a,b\n', { Stats: { Details: { BytesScanned: 10, BytesProcessed: 9 } } }, { End: {} }]);
  });

  it('json: the initial response, events, a modelled exception at the end', async () => {
    const logs = new CloudWatchLogsClient(config());
    const answer = await logs.send(new StartLiveTailCommand({ logGroupIdentifiers: ['g'] }));
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const event of answer.responseStream ?? [])
        seen.push(event.sessionStart?.sessionId ?? event.sessionUpdate?.sessionResults?.[0]?.message);
    })();
    await expect(reading).rejects.toMatchObject({ name: 'SessionTimeoutException', message: 'three hours are over' });
    expect(seen).toEqual(['s1', 'line']);
  });

  it('frames are whole or refused', () => {
    const frame = encodeEvent({ ':message-type': 'event', ':event-type': 'x' }, Buffer.from('body'));
    expect(decodeEvent(frame)).toMatchObject({ headers: { ':event-type': 'x' } });
    for (let at = 0; at < frame.length; at++) {
      const touched = Buffer.from(frame);
      touched[at] = (touched[at] as number) ^ 1;
      expect(() => decodeEvent(touched)).toThrow();
    }
  });
});
