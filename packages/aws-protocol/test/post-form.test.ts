import { createHash, createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnyHandlers, loadModel, serve, Service } from '../src/index.ts';
import { deriveKey, hmacHex } from '../src/sigv4/keys.ts';
import { KEY, type Running, start } from './support/harness.ts';
import { latestPython, run } from './support/install.ts';
import { s3InMemory } from './support/s3.ts';

const TOKEN = 'a/token+of=letters';
/** What PutObject was given. */
const puts: Record<string, unknown>[] = [];
let running: Running;
const s3 = s3InMemory();
beforeAll(async () => {
  const handlers = {
    ...s3.handlers,
    PutObject: (input: never, context: never) => {
      puts.push(input);
      return s3.handlers.PutObject?.(input, context);
    },
  };
  running = await start([new Service<string>(loadModel('s3'), handlers as unknown as AnyHandlers<string>)], {
    credentials: (id) =>
      id === KEY.accessKeyId
        ? { secretAccessKey: KEY.secretAccessKey, principal: 'p' }
        : id === `${KEY.accessKeyId}T`
          ? { secretAccessKey: KEY.secretAccessKey, sessionToken: TOKEN, principal: 't' }
          : undefined,
  });
  await s3.handlers.CreateBucket?.({ Bucket: 'forms' }, {} as never);
});
afterAll(async () => {
  expect(running.errors).toEqual([]);
  await running.close();
});

function form(
  conditions: unknown[],
  fields: Record<string, string>,
  options: { expires?: number; secret?: string } = {},
): FormData {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const credential = `${KEY.accessKeyId}/${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const all: Record<string, string> = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': credential,
    'x-amz-date': stamp,
    ...fields,
  };
  const expiration = new Date(Date.now() + (options.expires ?? 60_000)).toISOString();
  const own = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-date'].map((name) => ({ [name]: all[name] }));
  const policy = Buffer.from(
    JSON.stringify({ expiration, conditions: [{ bucket: 'forms' }, ...own, ...conditions] }),
  ).toString('base64');
  const signature = hmacHex(
    deriveKey(options.secret ?? KEY.secretAccessKey, stamp.slice(0, 8), 'us-east-1', 's3'),
    policy,
  );
  const data = new FormData();
  for (const [name, value] of Object.entries({ ...all, policy, 'x-amz-signature': signature }))
    data.append(name, value);
  return data;
}
async function post(
  data: FormData,
  file: string | Buffer,
): Promise<{ status: number; text: string; headers: Headers }> {
  data.append('file', new Blob([new Uint8Array(Buffer.from(file as string))]), 'dir/name.txt');
  const answer = await fetch(`${running.url}/forms`, { method: 'POST', body: data, redirect: 'manual' });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
const stored = async (key: string): Promise<Buffer> => {
  const got = await (s3.handlers.GetObject as (i: unknown) => Promise<{ Body: AsyncIterable<Buffer> }>)({
    Bucket: 'forms',
    Key: key,
  });
  const parts: Buffer[] = [];
  for await (const part of got.Body) parts.push(part);
  return Buffer.concat(parts);
};

/** A form whose policy is signed in version 2. */
function policyOf(text: string, secret = KEY.secretAccessKey): FormData {
  const policy = Buffer.from(text).toString('base64');
  const data = new FormData();
  data.append('key', 'up/x');
  data.append('AWSAccessKeyId', KEY.accessKeyId);
  data.append('policy', policy);
  data.append('signature', createHmac('sha1', secret).update(policy).digest('base64'));
  return data;
}
function without(data: FormData, name: string): FormData {
  data.delete(name);
  return data;
}
const NEST = `${'['.repeat(7000)}${']'.repeat(7000)}`;
const GOOD = '{"expiration":"2030-01-01T00:00:00Z","conditions":[["starts-with","$key",""]]}';

describe('S3 form uploads', () => {
  const keyed = [['starts-with', '$key', 'up/']];
  const anything = ['acl', 'tagging', 'expires', 'cache-control', 'content-md5', 'content-type', 'content-language'];
  const amz = [
    'meta-colour',
    'meta-a',
    'storage-class',
    'object-lock-mode',
    'object-lock-retain-until-date',
    'object-lock-legal-hold',
    'server-side-encryption-customer-algorithm',
    'grant-read',
    'checksum-sha256',
    'checksum-crc32',
  ];
  const all = [
    ...keyed,
    ...[...anything, ...amz.map((name) => `x-amz-${name}`)].map((name) => ['starts-with', `$${name}`, '']),
  ];

  it('stores the file, its name in the key, and answers 204', async () => {
    const big = Buffer.alloc(1_000_000, 'ab\r\n--');
    const answer = await post(form(keyed, { key: 'up/${filename}' }), big);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await stored('up/name.txt')).equals(big)).toBe(true);
  });

  it('takes the name of the file to the letter', async () => {
    const data = form(keyed, { key: 'up/${filename}' });
    data.append('file', new Blob(['x']), "a$&$'b");
    expect((await fetch(`${running.url}/forms`, { method: 'POST', body: data })).status).toBe(204);
    expect(String(await stored("up/a$&$'b"))).toBe('x');
  });

  it('answers 201 with XML, or a redirect', async () => {
    const created = await post(
      form([...keyed, { success_action_status: '201' }], { key: 'up/a&b', success_action_status: '201' }),
      'x',
    );
    expect([created.status, created.text]).toEqual([201, expect.stringContaining('<Key>up/a&amp;b</Key>')]);
    const target = 'https://example.com/done?a=1';
    const moved = await post(
      form([...keyed, { success_action_redirect: target }], { key: 'up/r', success_action_redirect: target }),
      'x',
    );
    expect([moved.status, moved.headers.get('location')]).toEqual([
      303,
      expect.stringContaining('done?a=1&bucket=forms&key=up%2Fr&etag='),
    ]);
  });

  it('takes every field that PutObject has a member for', async () => {
    const fields = {
      key: 'up/fields',
      acl: 'public-read',
      'Content-Type': 'text/plain',
      'Content-Language': 'de',
      'Cache-Control': 'no-store',
      Expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
      tagging: '<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag></TagSet></Tagging>',
      'x-amz-meta-colour': 'bl\u00fc',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-object-lock-mode': 'GOVERNANCE',
      'x-amz-object-lock-retain-until-date': '2030-01-01T00:00:00Z',
      'x-amz-object-lock-legal-hold': 'ON',
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-grant-read': 'id="1"',
      'x-amz-checksum-sha256': createHash('sha256').update('file').digest('base64'),
    };
    expect((await post(form(all, fields), 'file')).status).toBe(204);
    expect(puts.pop()).toMatchObject({
      Bucket: 'forms',
      Key: 'up/fields',
      ACL: 'public-read',
      ContentType: 'text/plain',
      ContentLanguage: 'de',
      CacheControl: 'no-store',
      Expires: new Date('2026-10-21T07:28:00Z'),
      Tagging: 'a+b=1%262',
      Metadata: { colour: 'bl\u00fc' },
      StorageClass: 'STANDARD_IA',
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date('2030-01-01T00:00:00Z'),
      ObjectLockLegalHoldStatus: 'ON',
      SSECustomerAlgorithm: 'AES256',
      GrantRead: 'id="1"',
      ChecksumSHA256: fields['x-amz-checksum-sha256'],
    });
  });

  it('takes those that boto3 presigns, by default in version 2', { timeout: 300_000 }, async () => {
    const python = await latestPython();
    const script = `
import boto3, json
from botocore.config import Config
for token in (None, "${TOKEN}"):
    for config in (None, Config(signature_version="s3v4")):
        c = boto3.client("s3", endpoint_url="${running.url}", region_name="us-east-1", aws_access_key_id="${KEY.accessKeyId}" + ("" if token is None else "T"), aws_secret_access_key="${KEY.secretAccessKey}", aws_session_token=token, config=config)
        print(json.dumps(c.generate_presigned_post("forms", "up/\${filename}", Fields={"acl": "private", "x-amz-meta-a": "b"}, Conditions=[{"acl": "private"}, {"x-amz-meta-a": "b"}, ["content-length-range", 1, 9]])))`;
    const made = (await run(python, ['-c', script]))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { fields: Record<string, string> });
    expect(made.map(({ fields }) => Object.keys(fields).includes('AWSAccessKeyId'))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    for (const { fields } of made) {
      const filled = (): FormData => {
        const data = new FormData();
        for (const [name, value] of Object.entries(fields)) data.append(name, value);
        return data;
      };
      expect((await post(filled(), 'hello')).status).toBe(204);
      expect(puts.pop()).toMatchObject({ Key: 'up/name.txt', ACL: 'private', Metadata: { a: 'b' } });
      expect((await post(filled(), 'too long for it')).text).toContain('<Code>EntityTooLarge</Code>');
    }
  });

  it.each([
    ['a condition that fails', () => form(keyed, { key: 'other/x' }), 403, 'AccessDenied'],
    ['a field without a condition', () => form(keyed, { key: 'up/x', acl: 'public-read' }), 403, 'AccessDenied'],
    ['an expired policy', () => form(keyed, { key: 'up/x' }, { expires: -1000 }), 403, 'AccessDenied'],
    ['a wrong key', () => form(keyed, { key: 'up/x' }, { secret: 'wrong' }), 403, 'SignatureDoesNotMatch'],
    [
      'a file over the range',
      () => form([...keyed, ['content-length-range', 0, 3]], { key: 'up/x' }),
      400,
      'EntityTooLarge',
    ],
    [
      'a file under the range',
      () => form([...keyed, ['content-length-range', 10, 30]], { key: 'up/x' }),
      400,
      'EntityTooSmall',
    ],
    [
      'metadata of a name that no header can have',
      () => form([...keyed, ['eq', '$x-amz-meta-a b', 'c']], { key: 'up/x', 'x-amz-meta-a b': 'c' }),
      400,
      'InvalidArgument',
    ],
    [
      'a field that no header can hold',
      () => form([...keyed, ['eq', '$content-type', 'a\u0001b']], { key: 'up/x', 'content-type': 'a\u0001b' }),
      400,
      'InvalidArgument',
    ],
    ['no key', () => form([], {}), 400, 'InvalidArgument'],
    [
      'a file that a checksum does not fit',
      () => form(all, { key: 'up/x', 'x-amz-checksum-crc32': 'AAAAAA==' }),
      400,
      'BadDigest',
    ],
    [
      'a file that its MD5 does not fit',
      () => form(all, { key: 'up/x', 'content-md5': 'N7UdGUp1E+RbVvZSTy1R8g==' }),
      400,
      'BadDigest',
    ],
    ['tags that are not XML', () => form(all, { key: 'up/x', tagging: 'a=b' }), 400, 'MalformedXML'],
    [
      'fields that are too many',
      () => form(all, { key: 'up/x', 'x-amz-meta-a': 'x'.repeat(30_000) }),
      400,
      'MaxPostPreDataLengthExceededError',
    ],
    [
      'a policy that ends at no time',
      () => policyOf('{"expiration":"2030-01-01 00:00:00","conditions":[]}'),
      400,
      'InvalidPolicyDocument',
    ],
    [
      'a policy with an empty condition',
      () => policyOf('{"expiration":"2030-01-01T00:00:00Z","conditions":[{}]}'),
      400,
      'InvalidPolicyDocument',
    ],
    [
      'a policy without conditions',
      () => policyOf('{"expiration":"2030-01-01T00:00:00Z"}'),
      400,
      'InvalidPolicyDocument',
    ],
    [
      'a policy that ends at what is no text',
      () => policyOf(GOOD.replace(/"2030[^"]*"/, '{"toString":1}')),
      400,
      'InvalidPolicyDocument',
    ],
    [
      'a policy that wants a deep nest',
      () => policyOf(GOOD.replace(']]', `],{"acl":${NEST}}]`)),
      400,
      'InvalidPolicyDocument',
    ],
    [
      'a policy that wants a field which only every object of the language has',
      () => policyOf(GOOD.replace(']]', '],["starts-with","$constructor","x"]]')),
      403,
      'AccessDenied',
    ],
    ['a policy that is no JSON', () => policyOf('policy'), 400, 'InvalidPolicyDocument'],
    ['a policy without a signature', () => without(policyOf(GOOD), 'signature'), 400, 'InvalidArgument'],
    [
      'a policy without a key to its signature',
      () => without(policyOf(GOOD), 'AWSAccessKeyId'),
      400,
      'InvalidArgument',
    ],
    ['a signature without a policy', () => without(policyOf(GOOD), 'policy'), 400, 'InvalidArgument'],
    ['a wrong signature of version 2', () => policyOf(GOOD, 'wrong'), 403, 'SignatureDoesNotMatch'],
  ])('refuses %s', async (_name, make, status, code) => {
    const answer = await post(make(), 'file!');
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`<Code>${code}</Code>`)]);
  });

  it.each([
    ['before its file', '--b\r\ncontent-disposition: form-data; name="key"\r\n\r\nx'],
    [
      'in its file',
      '--b\r\ncontent-disposition: form-data; name="key"\r\n\r\nx\r\n--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nsome',
    ],
  ])('a client that leaves %s is no fault of the server', async (_where, body) => {
    const failures: unknown[] = [];
    const told: unknown[] = [];
    const own = await start(
      [
        serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
          async PutObject({ Body }) {
            try {
              for await (const _part of Body ?? []);
            } catch (error) {
              failures.push(error);
              throw error;
            }
          },
        }),
      ],
      { allowAnonymous: () => true, onError: (error) => told.push(error) },
    );
    const socket = connect(own.port, '127.0.0.1');
    socket.write(
      `POST /forms HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 9999\r\n\r\n${body}`,
    );
    await sleep(50);
    socket.destroy();
    await sleep(100);
    await own.close();
    expect(told).toEqual([]);
    expect(failures).toMatchObject(_where === 'in its file' ? [{ name: 'Refusal', reason: 'incompleteBody' }] : []);
  });

  it('takes an object of that Content-Type for what it is', async () => {
    const client = new S3Client({ region: 'us-east-1', endpoint: running.url, credentials: KEY, forcePathStyle: true });
    const made = await client.send(
      new CreateMultipartUploadCommand({ Bucket: 'forms', Key: 'k', ContentType: 'multipart/form-data; boundary=b' }),
    );
    expect(made.UploadId).toBeTruthy();
  });

  it('refuses an unsigned form, and one cut short', async () => {
    const unsigned = new FormData();
    unsigned.append('key', 'x');
    expect((await post(unsigned, 'x')).status).toBe(403);
    const cut = await fetch(`${running.url}/forms`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b\r\ncontent-disposition: form-data; name="key"\r\n\r\nx',
    });
    expect(cut.status).toBe(400);
  });
});
