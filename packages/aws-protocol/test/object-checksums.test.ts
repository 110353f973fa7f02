import { CompleteMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, serve } from '../src/index.ts';
import { KEY, type Running, start } from './support/harness.ts';
import { sign } from './support/sign.ts';

type S3 = typeof import('@aws-sdk/client-s3');

describe('checksums in headers', () => {
  let running: Running;
  let seen: Record<string, unknown> = {};
  beforeAll(async () => {
    running = await start([
      serve<S3, string>(loadModel('s3'), {
        async PutObject({ Body }) {
          for await (const _part of Body ?? []);
        },
        CompleteMultipartUpload: (input) => {
          seen = { ...input };
          return { ETag: '"e"' };
        },
      }),
    ]);
  });
  afterAll(() => running.close());

  it('of an algorithm that is not known here are refused, since they would pass unverified', async () => {
    const body = Buffer.from('5\r\nhello\r\n0\r\nx-amz-checksum-xxhash64:AAAAAAAAAAA=\r\n\r\n');
    const trailing = {
      'x-amz-trailer': 'x-amz-checksum-xxhash64',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '5',
    };
    for (const [headers, sent, digest] of [
      [{ 'x-amz-checksum-xxhash64': 'AAAAAAAAAAA=' }, Buffer.from('hello'), 'UNSIGNED-PAYLOAD'],
      [trailing, body, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'],
      [
        { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' },
        Buffer.alloc(0),
        'UNSIGNED-PAYLOAD',
      ],
    ] as const) {
      const host = `127.0.0.1:${running.port}`;
      const { method, url, headers: signed } = sign('s3', 'PUT', '/b/k', { host, ...headers }, sent, digest);
      const answer = await fetch(`${running.url}${url}`, { method, headers: signed, body: sent });
      const code = /<Code>(\w+)</.exec(await answer.text())?.[1];
      if (sent.length === 0) expect(answer.status).toBe(200);
      else expect([answer.status, code]).toEqual([501, 'NotImplemented']);
    }
  });

  it('CompleteMultipartUpload states those of the whole object', async () => {
    const s3 = new S3Client({ region: 'us-east-1', endpoint: running.url, credentials: KEY, forcePathStyle: true });
    await s3.send(
      new CompleteMultipartUploadCommand({
        Bucket: 'b',
        Key: 'k',
        UploadId: 'u',
        ChecksumType: 'FULL_OBJECT',
        ChecksumCRC32: 'AAAAAA==',
        ChecksumCRC64NVME: 'AAAAAAAAAAA=',
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"p"' }] },
      }),
    );
    expect(seen).toMatchObject({ ChecksumCRC32: 'AAAAAA==', ChecksumCRC64NVME: 'AAAAAAAAAAA=', UploadId: 'u' });
  });
});
