import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { type AwsError, loadModel, serve } from '../src/index.ts';
import {
  checkCopySource,
  checkRead,
  checkWrite,
  encodeKey,
  encodeList,
  readCopyRange,
  readCopySource,
  readRange,
} from '../src/s3-author/index.ts';
import { KEY, start } from './support/harness.ts';

const refusal = (work: () => unknown): Partial<AwsError> | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as AwsError;
  }
};

describe('a range', () => {
  it.each([
    ['bytes=0-3', 10, 'bytes 0-3/10', 4],
    ['bytes=4-', 10, 'bytes 4-9/10', 6],
    ['bytes=-3', 10, 'bytes 7-9/10', 3],
    ['bytes=-100', 10, 'bytes 0-9/10', 10],
    ['bytes=8-100', 10, 'bytes 8-9/10', 2],
    ['bytes=9-99999999999999999999999', 10, 'bytes 9-9/10', 1],
    ['Bytes= 0 - 0', 10, 'bytes 0-0/10', 1],
  ])('%s of %i bytes is %s', (range, size, contentRange, length) => {
    expect(readRange(range, size)).toMatchObject({ contentRange, length });
  });

  it.each([undefined, '', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'items=0-3', 'bytes=0-1,3-4', 'bytes=--1', '0-3'])(
    'that is absent, or not a single valid one, gives the whole object: %s',
    (range) => expect(readRange(range, 10)).toBeUndefined(),
  );

  it.each(['bytes=', 'bytes=0', 'bytes=0-', 'bytes=0-1'])(
    'is read in no time after %s and 64 KiB of spaces',
    (begin) => {
      const before = performance.now();
      // 10 s where runs of spaces can be parted in two.
      expect(readRange(`${begin}${' '.repeat(64 << 10)}x`, 10)).toBeUndefined();
      expect(performance.now() - before).toBeLessThan(1000);
    },
  );

  it.each([
    ['bytes=10-', 10],
    ['bytes=10-20', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
  ])('of bytes that are not there is a 416 that tells the size: %s of %i', (range, size) => {
    expect(refusal(() => readRange(range, size))).toMatchObject({
      code: 'InvalidRange',
      status: 416,
      members: { RangeRequested: range, ActualObjectSize: size },
      headers: { 'content-range': `bytes */${size}` },
    });
  });

  const object = { ETag: '"abc"', LastModified: new Date('2026-01-02T03:04:05.678Z') };
  it.each([
    ['"abc"', true],
    ['"other"', false],
    ['W/"abc"', false],
    ['Fri, 02 Jan 2026 03:04:05 GMT', true],
    ['Fri, 02 Jan 2026 03:04:06 GMT', false],
    ['nonsense', false],
  ])('with If-Range %s holds: %s', (ifRange, holds) => {
    expect(readRange('bytes=0-3', 10, { ifRange, object }) !== undefined).toBe(holds);
  });

  it('of a copy has one form and must be there', () => {
    expect(readCopyRange('bytes=2-9', 10)).toMatchObject({ first: 2, last: 9, length: 8 });
    expect(readCopyRange(undefined, 10)).toBeUndefined();
    for (const range of ['bytes=2-10', 'bytes=2-', 'bytes=-2', 'bytes=3-2', '2-3'])
      expect(refusal(() => readCopyRange(range, 10))).toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('conditions', () => {
  const object = { ETag: '"abc"', LastModified: new Date('2026-01-02T03:04:05.678Z') };
  const before = new Date('2026-01-02T03:04:04Z');
  const same = new Date('2026-01-02T03:04:05Z');
  const after = new Date('2026-01-02T03:04:06Z');
  const of = (work: () => void) => refusal(work)?.code ?? 'holds';

  it.each([
    [{}, 'holds'],
    [{ IfMatch: '"abc"' }, 'holds'],
    [{ IfMatch: 'abc' }, 'holds'],
    [{ IfMatch: '*' }, 'holds'],
    [{ IfMatch: '"x", "abc"' }, 'holds'],
    [{ IfMatch: '"x"' }, 'PreconditionFailed'],
    [{ IfNoneMatch: '"x"' }, 'holds'],
    [{ IfNoneMatch: 'W/"abc"' }, 'NotModified'],
    [{ IfNoneMatch: '*' }, 'NotModified'],
    [{ IfModifiedSince: before }, 'holds'],
    [{ IfModifiedSince: same }, 'NotModified'],
    [{ IfModifiedSince: after }, 'NotModified'],
    [{ IfUnmodifiedSince: before }, 'PreconditionFailed'],
    [{ IfUnmodifiedSince: same }, 'holds'],
    [{ IfMatch: '"abc"', IfUnmodifiedSince: before }, 'holds'],
    [{ IfNoneMatch: '"x"', IfModifiedSince: after }, 'holds'],
    [{ IfMatch: '"x"', IfNoneMatch: '"abc"' }, 'PreconditionFailed'],
  ])('of a read %j: %s', (input, outcome) => {
    expect(of(() => checkRead(input, object))).toBe(outcome);
  });

  it.each([
    [{ CopySourceIfMatch: 'abc' }, 'holds'],
    [{ CopySourceIfNoneMatch: 'abc' }, 'PreconditionFailed'],
    [{ CopySourceIfModifiedSince: after }, 'PreconditionFailed'],
    [{ CopySourceIfUnmodifiedSince: before }, 'PreconditionFailed'],
  ])('of a copy %j: %s', (input, outcome) => {
    expect(of(() => checkCopySource(input, object))).toBe(outcome);
  });

  it.each([
    [{ IfNoneMatch: '*' }, object, 'PreconditionFailed'],
    [{ IfNoneMatch: '*' }, undefined, 'holds'],
    [{ IfNoneMatch: '"abc"' }, undefined, 'NotImplemented'],
    [{ IfMatch: '"abc"' }, object, 'holds'],
    [{ IfMatch: '"x"' }, object, 'PreconditionFailed'],
    [{ IfMatch: '"abc"' }, undefined, 'NoSuchKey'],
    [{}, object, 'holds'],
  ])('of a write %j on %j: %s', (input, existing, outcome) => {
    expect(of(() => checkWrite(input, existing))).toBe(outcome);
  });
});

describe('the source of a copy', () => {
  it.each([
    ['bucket/key', 'bucket', 'key', undefined],
    ['/bucket/a/b', 'bucket', 'a/b', undefined],
    ['bucket/a%20b%2Bc%3Fd', 'bucket', 'a b+c?d', undefined],
    ['bucket/a+b', 'bucket', 'a b', undefined],
    ['bucket%2Fkey%C3%A9', 'bucket', 'keyé', undefined],
    ['bucket/key?versionId=v%2F1', 'bucket', 'key', 'v/1'],
    ['bucket/what?versionId=x?versionId=2', 'bucket', 'what?versionId=x', '2'],
    ['bucket/a%3FversionId=3', 'bucket', 'a?versionId=3', undefined],
    ['bucket//key', 'bucket', '/key', undefined],
    [
      'arn:aws:s3:us-east-1:000000000000:accesspoint/mine/object/a%2Fb',
      'arn:aws:s3:us-east-1:000000000000:accesspoint/mine',
      'a/b',
      undefined,
    ],
  ])('%s', (source, bucket, key, versionId) => {
    expect(readCopySource(source)).toEqual({ bucket, key, versionId });
  });

  it.each(['', 'bucket', '/bucket/', '//key', 'bucket/%ff', 'bucket/%', 'bucket/key?versionId='])(
    'that names no object is refused: %j',
    (source) =>
      expect(refusal(() => readCopySource(source))).toMatchObject({
        code: 'InvalidArgument',
        members: { ArgumentName: 'x-amz-copy-source', ArgumentValue: source },
      }),
  );
});

describe('encoding-type=url', () => {
  it('encodes keys as the service does', () => {
    expect(encodeKey("a b/c+d(1)*~!'é%.txt")).toBe('a+b/c%2Bd%281%29*%7E%21%27%C3%A9%25.txt');
    expect(encodeKey('\x01\ud800')).toBe('%01%EF%BF%BD');
  });

  it('encodes what holds keys, and nothing else', () => {
    const output = {
      Prefix: 'a b',
      Delimiter: '+',
      NextContinuationToken: 'a b+',
      Contents: [{ Key: 'a b', ETag: '"a b"' }],
      CommonPrefixes: [{ Prefix: 'a b/' }],
      KeyCount: 2,
    };
    expect(encodeList(output, 'url')).toEqual({
      Prefix: 'a+b',
      Delimiter: '%2B',
      NextContinuationToken: 'a b+',
      Contents: [{ Key: 'a+b', ETag: '"a b"' }],
      CommonPrefixes: [{ Prefix: 'a+b/' }],
      KeyCount: 2,
      EncodingType: 'url',
    });
    expect(encodeList(output, undefined)).toBe(output);
    expect(refusal(() => encodeList(output, 'base64'))).toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('a server that uses them', async () => {
  const body = Buffer.from('0123456789');
  const facts = { ETag: '"abc"', LastModified: new Date('2026-01-02T03:04:05Z') };
  const copied: unknown[] = [];
  const running = await start([
    serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
      GetObject(input, context) {
        checkRead(input, facts);
        const range = readRange(input.Range, body.length, { ifRange: context.headers['if-range'], object: facts });
        return {
          ...facts,
          Body: range ? body.subarray(range.first, range.last + 1) : body,
          ContentLength: range?.length ?? body.length,
          ContentRange: range?.contentRange,
        };
      },
      HeadObject(input) {
        const range = readRange(input.Range, body.length);
        return { ContentLength: range?.length ?? body.length, ContentRange: range?.contentRange };
      },
      PutObject: async (input) => {
        input.Body?.resume();
        checkWrite(input, facts);
        return {};
      },
      CopyObject(input) {
        copied.push(readCopySource(input.CopySource));
        checkCopySource(input, facts);
        return { CopyObjectResult: facts };
      },
      ListObjectsV2: (input) => encodeList({ Contents: [{ Key: 'a b\x01' }], Name: input.Bucket }, input.EncodingType),
    }),
  ]);
  afterAll(() => running.close());
  const s3 = new S3Client({
    region: 'us-east-1',
    endpoint: running.url,
    credentials: KEY,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  const object = { Bucket: 'b', Key: 'k' };

  it('answers a range with 206, and one that is not there with 416', async () => {
    const part = await s3.send(new GetObjectCommand({ ...object, Range: 'bytes=-4' }));
    expect(part.$metadata.httpStatusCode).toBe(206);
    expect(part.ContentRange).toBe('bytes 6-9/10');
    expect(await part.Body?.transformToString()).toBe('6789');
    const head = await s3.send(new HeadObjectCommand({ ...object, Range: 'bytes=2-4' }));
    expect(head).toMatchObject({ $metadata: { httpStatusCode: 206 }, ContentLength: 3, ContentRange: 'bytes 2-4/10' });
    const whole = await s3.send(new GetObjectCommand({ ...object, Range: 'bytes=0-1,3-4' }));
    expect(whole.$metadata.httpStatusCode).toBe(200);
    expect(await whole.Body?.transformToString()).toBe('0123456789');
    await expect(s3.send(new GetObjectCommand({ ...object, Range: 'bytes=10-' }))).rejects.toMatchObject({
      name: 'InvalidRange',
      ActualObjectSize: '10',
      $metadata: { httpStatusCode: 416 },
      $response: { headers: { 'content-range': 'bytes */10' } },
    });
  });

  it('answers conditions with 304 and 412', async () => {
    await expect(s3.send(new GetObjectCommand({ ...object, IfNoneMatch: '"abc"' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
      $response: { headers: { etag: '"abc"', 'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT' } },
    });
    await expect(s3.send(new GetObjectCommand({ ...object, IfMatch: '"x"' }))).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-Match',
      $metadata: { httpStatusCode: 412 },
    });
    await expect(s3.send(new PutObjectCommand({ ...object, Body: 'x', IfNoneMatch: '*' }))).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
  });

  it('copies what a client names, and lists keys that XML cannot hold', async () => {
    await s3.send(new CopyObjectCommand({ ...object, CopySource: encodeURI('b/ä b?versionId=7') }));
    expect(copied).toEqual([{ bucket: 'b', key: 'ä b', versionId: '7' }]);
    const list = await s3.send(new ListObjectsV2Command({ Bucket: 'b', EncodingType: 'url' }));
    expect(list).toMatchObject({ EncodingType: 'url', Contents: [{ Key: 'a+b%01' }] });
  });
});
