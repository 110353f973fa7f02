import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, serve } from '../src/index.ts';
import { deriveKey, hmacHex } from '../src/sigv4/keys.ts';
import { KEY, type Running, start } from './support/harness.ts';
import { s3InMemory } from './support/s3.ts';

let running: Running;
const s3 = s3InMemory();
beforeAll(async () => {
  running = await start([serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), s3.handlers)]);
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

describe('S3 form uploads', () => {
  const keyed = [['starts-with', '$key', 'up/']];

  it('stores the file, its name in the key, and answers 204', async () => {
    const big = Buffer.alloc(1_000_000, 'ab\r\n--');
    const answer = await post(form(keyed, { key: 'up/${filename}' }), big);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await stored('up/name.txt')).equals(big)).toBe(true);
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
      'InvalidArgument',
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
    ['no key', () => form([], {}), 400, 'InvalidRequest'],
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
