import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../src/body.ts';
import { loadModel, Service } from '../src/index.ts';
import { KEY, type Running, start } from './support/harness.ts';
import { latestPython, run } from './support/install.ts';
import { sign } from './support/sign.ts';

let running: Running;
let python = '';
/** What the last call's handler was given. */
let seen: { operation: string; input: Record<string, unknown>; body: string };
beforeAll(async () => {
  python = await latestPython();
  const model = loadModel('s3');
  const handler = async (input: Record<string, unknown>, context: { operation: string }) => {
    const { Body, ...rest } = input;
    seen = { operation: context.operation, input: rest, body: Body ? String(await collect(Body as never, 1e6)) : '' };
    return { CopyObjectResult: {}, CopyPartResult: {} };
  };
  running = await start([
    new Service<string>(model, Object.fromEntries(model.operationNames.map((n) => [n, handler]))),
  ]);
}, 600_000);
afterAll(() => running.close());

/** Presigns as the JS SDK's presigner does: what is an `x-amz-` header moves into the URL. */
async function presign(command: unknown): Promise<string> {
  const client = new S3Client({ region: 'us-east-1', endpoint: running.url, forcePathStyle: true, credentials: KEY });
  let built: Record<string, any> = {};
  client.middlewareStack.add(
    () => async (args) => {
      built = args.request as never;
      return { response: {} as never, output: { $metadata: {} } as never };
    },
    { step: 'build', priority: 'low' },
  );
  await client.send(command as never);
  for (const name of ['x-amz-user-agent', 'user-agent', 'content-length', 'content-type'])
    delete built['headers'][name];
  const signer = new SignatureV4({
    service: 's3',
    region: 'us-east-1',
    credentials: KEY,
    sha256: Sha256,
    uriEscapePath: false,
  });
  built['headers']['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
  built['headers']['host'] = `127.0.0.1:${running.port}`;
  const signed = await signer.presign(built as never, { expiresIn: 60 });
  const query = Object.entries(signed.query ?? {}).map(
    ([n, v]) => `${encodeURIComponent(n)}=${encodeURIComponent(v as string)}`,
  );
  return `${running.url}${signed.path}?${query.join('&')}`;
}
const put = (url: string, body?: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', headers, ...(body === undefined ? {} : { body }) });

describe('headers that a presigned URL carries', () => {
  const params = { Bucket: 'b', Key: 'a key' };

  it('reach the handler as headers do', async () => {
    const members = {
      Metadata: { colour: 'blue green', n: '7' },
      ACL: 'public-read' as const,
      Tagging: 'a=1&b=2',
      StorageClass: 'STANDARD_IA' as const,
      WebsiteRedirectLocation: '/x',
    };
    const url = await presign(new PutObjectCommand({ ...params, ...members }));
    expect(url).toContain('x-amz-meta-colour=blue%20green');
    // Presigned without a body, the URL has the checksum of an empty one, which S3 passes over.
    expect(url).toContain('x-amz-checksum-crc32=AAAAAA');
    expect((await put(url, 'the body')).status).toBe(200);
    expect(seen).toMatchObject({ operation: 'PutObject', input: { ...params, ...members }, body: 'the body' });
  });

  it('tell which operation it is', async () => {
    const CopySource = 'b/other%20key';
    expect(
      (
        await put(
          await presign(
            new CopyObjectCommand({ ...params, CopySource, MetadataDirective: 'REPLACE', Metadata: { a: 'b' } }),
          ),
        )
      ).status,
    ).toBe(200);
    expect(seen).toMatchObject({
      operation: 'CopyObject',
      input: { CopySource, MetadataDirective: 'REPLACE', Metadata: { a: 'b' } },
    });
    expect(
      (
        await put(
          await presign(
            new UploadPartCopyCommand({
              ...params,
              CopySource,
              UploadId: 'u',
              PartNumber: 1,
              CopySourceRange: 'bytes=0-1',
            }),
          ),
        )
      ).status,
    ).toBe(200);
    expect(seen).toMatchObject({ operation: 'UploadPartCopy', input: { CopySource, CopySourceRange: 'bytes=0-1' } });
    const url = await presign(
      new CreateMultipartUploadCommand({ ...params, Metadata: { a: 'b' }, ChecksumAlgorithm: 'SHA256' }),
    );
    expect((await fetch(url, { method: 'POST' })).status).toBe(200);
    expect(seen).toMatchObject({
      operation: 'CreateMultipartUpload',
      input: { Metadata: { a: 'b' }, ChecksumAlgorithm: 'SHA256' },
    });
  });

  it('cannot be changed, nor headers added that are not signed', async () => {
    const url = await presign(new PutObjectCommand({ ...params, Metadata: { colour: 'blue' } }));
    const answers = await Promise.all([
      put(url.replace('=blue', '=red'), 'x'),
      put(`${url}&x-amz-meta-more=1`, 'x'),
      put(url, 'x', { 'x-amz-meta-colour': 'red' }),
      put(url, 'x', { 'x-amz-acl': 'public-read' }),
    ]);
    expect(
      await Promise.all(answers.map(async (a) => `${a.status} ${/<Code>(\w+)/.exec(await a.text())?.[1]}`)),
    ).toEqual(['403 SignatureDoesNotMatch', '403 SignatureDoesNotMatch', '403 AccessDenied', '403 AccessDenied']);
  });

  it('are those of boto3, presigned by version 2 or 4', async () => {
    const script = `
import boto3, sys
from botocore.config import Config
for version in ("s3", "s3v4"):
    c = boto3.client("s3", endpoint_url="${running.url}", region_name="us-east-1", aws_access_key_id="${KEY.accessKeyId}", aws_secret_access_key="${KEY.secretAccessKey}", config=Config(signature_version=version, s3={"addressing_style": "path"}))
    print(c.generate_presigned_url("put_object", Params=dict(Bucket="b", Key="k", ACL="private", Metadata={"colour": "blue"}, Tagging="a=1", ContentType="text/plain")))
    print(c.generate_presigned_url("copy_object", Params=dict(Bucket="b", Key="k", CopySource="b/o")))`;
    const [putV2 = '', copyV2 = '', putV4 = '', copyV4 = ''] = (await run(python, ['-c', script])).trim().split('\n');
    const wanted = { ACL: 'private', Metadata: { colour: 'blue' }, Tagging: 'a=1', ContentType: 'text/plain' };
    // Version 2 moves all into the URL, the type as well; version 4 signs headers that the client must send.
    expect((await fetch(putV2, { method: 'PUT', body: new Blob(['x']) })).status).toBe(200);
    expect(seen).toMatchObject({ operation: 'PutObject', input: wanted });
    expect((await put(copyV2)).status).toBe(200);
    expect(seen).toMatchObject({ operation: 'CopyObject', input: { CopySource: 'b/o' } });
    const headers = {
      'x-amz-acl': 'private',
      'x-amz-meta-colour': 'blue',
      'x-amz-tagging': 'a=1',
      'content-type': 'text/plain',
    };
    expect((await put(putV4, 'x', headers)).status).toBe(200);
    expect(seen).toMatchObject({ operation: 'PutObject', input: wanted });
    expect((await put(copyV4, undefined, { 'x-amz-copy-source': 'b/o' })).status).toBe(200);
    expect(seen).toMatchObject({ operation: 'CopyObject' });
    expect((await put(putV2.replace('=blue', '=red'), 'x')).status).toBe(403);
  });

  it('mean nothing in the URL of a request that is signed by a header', async () => {
    const { url, headers } = sign(
      's3',
      'PUT',
      '/b/k?x-amz-meta-a=b&x-amz-copy-source=b%2Fo',
      { host: `127.0.0.1:${running.port}` },
      Buffer.alloc(0),
      'UNSIGNED-PAYLOAD',
    );
    const { host: _, ...rest } = headers as Record<string, string>;
    expect((await put(running.url + url, 'x', rest)).status).toBe(200);
    expect(seen.operation).toBe('PutObject');
    expect(seen.input['Metadata']).toBeUndefined();
  });
});
