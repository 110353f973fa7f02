import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../src/body.ts';
import { AwsServer, loadModel, Service } from '../src/index.ts';
import { canonicalQuery, canonicalRequest, stringToSign } from '../src/sigv4/canonical.ts';
import { deriveKey, hmacHex } from '../src/sigv4/keys.ts';
import { KEY } from './support/harness.ts';

const model = loadModel('s3');
/** What the last call's handler was given. */
let seen: { operation: string; input: Record<string, unknown> } | undefined;
const handler = async ({ Body, ...input }: Record<string, unknown>, { operation }: { operation: string }) => {
  if (Body) await collect(Body as never, 1e6);
  seen = { operation, input };
  return { CopyObjectResult: {} };
};
const server = new AwsServer<string>({
  services: [new Service<string>(model, Object.fromEntries(model.operationNames.map((name) => [name, handler])))],
  credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: 'p' }),
});

async function put(url: string, headers: Record<string, string> = {}): Promise<string> {
  const body = Buffer.from('x');
  const answer = await server.handle({ method: 'PUT', url, headers: { host: 'h', ...headers }, body });
  return `${answer.status} ${/<Code>(\w+)/.exec(String(answer.body))?.[1] ?? ''}`.trim();
}

type Pairs = [string, string][];
const written = (pairs: Pairs): string =>
  pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');

/** A URL of version 4 whose `more` were headers. */
function version4(more: Pairs): string {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = stamp.slice(0, 8);
  const scope = `${date}/us-east-1/s3/aws4_request`;
  const query = written([
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${KEY.accessKeyId}/${scope}`],
    ['X-Amz-Date', stamp],
    ['X-Amz-Expires', '60'],
    ['X-Amz-SignedHeaders', 'host'],
    ...more,
  ]);
  const canonical = canonicalRequest({
    method: 'PUT',
    path: '/b/k',
    query: canonicalQuery(query),
    signedHeaders: ['host'],
    signedNames: 'host',
    headers: { host: 'h' },
    payloadHash: 'UNSIGNED-PAYLOAD',
  });
  const key = deriveKey(KEY.secretAccessKey, date, 'us-east-1', 's3');
  return `/b/k?${query}&X-Amz-Signature=${hmacHex(key, stringToSign(stamp, scope, canonical))}`;
}

/** A URL of version 2, with `amz` in alphabetical order, a type, and parameters that it signs. */
function version2(amz: Pairs, { type = '', signed = '' } = {}): string {
  const expires = Math.floor(Date.now() / 1000) + 60;
  const lines = amz.map(([name, value]) => `${name}:${value}\n`).join('');
  const toSign = `PUT\n\n${type}\n${expires}\n${lines}/b/k${signed && `?${signed}`}`;
  const signature = createHmac('sha1', KEY.secretAccessKey).update(toSign).digest('base64');
  const query = written([
    ['AWSAccessKeyId', KEY.accessKeyId],
    ['Signature', signature],
    ['Expires', String(expires)],
    ...amz,
    ...(type ? ([['content-type', type]] as Pairs) : []),
  ]);
  return `/b/k?${query}${signed && `&${signed}`}`;
}

beforeEach(() => {
  seen = undefined;
});

describe('the holder of a presigned URL', () => {
  const copy: Pairs = [
    ['x-amz-acl', 'private'],
    ['x-amz-copy-source', '/b/o'],
  ];

  it.each([
    ['4', version4(copy), 'X-Amz-Signature', '%58-Amz-Signature'],
    ['2', version2(copy), '&Signature', '&%53ignature'],
  ])('cannot lose what it carries by other escapes, version %s', async (_version, url, name, escaped) => {
    for (const sent of [url, url.replace(name, escaped)]) {
      expect(await put(sent)).toBe('200');
      expect(seen).toMatchObject({ operation: 'CopyObject', input: { ACL: 'private', CopySource: '/b/o' } });
    }
  });

  it('cannot outdo it by a header, version 2', async () => {
    const url = version2([['x-amz-acl', 'private']]);
    expect(await put(url)).toBe('200');
    expect(await put(url, { 'x-amz-acl': 'public-read' })).toBe('403 SignatureDoesNotMatch');
  });

  it('cannot give a second type, version 2', async () => {
    const url = version2([], { type: 'text/plain' });
    expect(await put(url)).toBe('200');
    expect(seen?.input).toMatchObject({ ContentType: 'text/plain' });
    expect(await put(`${url}&Content-Type=text/html`)).toBe('403 SignatureDoesNotMatch');
  });

  it('cannot hide one parameter in the value of another, version 2', async () => {
    const url = version2([], { signed: 'partNumber=1&uploadId=U' });
    expect(await put(url)).toBe('200');
    expect(seen).toMatchObject({ operation: 'UploadPart' });
    expect(await put(url.replace('&uploadId=', '%26uploadId='))).toBe('400 AuthorizationQueryParametersError');
    const disposition = 'response-content-disposition=attachment; filename="a&b"';
    const odd = version2([], { signed: disposition }).replace(
      disposition,
      encodeURI(disposition).replace('a&b', 'a%26b'),
    );
    expect(await put(odd)).toBe('200');
  });

  it('cannot make it one for another operation by a parameter, version 2', async () => {
    const names = new Set(
      JSON.stringify(model.operationNames.map((name) => model.operation(name).traits.http))
        .match(/[?&][\w-]+/g)
        ?.map((found) => found.slice(1)),
    );
    // Neither tells operations apart that differ in what they allow.
    for (const harmless of ['x-id', 'list-type']) expect(names.delete(harmless)).toBe(true);
    expect(names.size).toBeGreaterThan(30);
    const url = version2([]);
    expect(await put(url)).toBe('200');
    for (const name of names) expect(`${name} ${await put(`${url}&${name}=1`)}`).toMatch(/ (?:400|403) /);
  });

  it('cannot hide one header in the value or the name of another, version 2', async () => {
    const url = version2([
      ['x-amz-meta-a', '1'],
      ['x-amz-object-lock-mode', 'COMPLIANCE'],
    ]);
    expect(await put(url)).toBe('200');
    expect(seen?.input).toMatchObject({ ObjectLockMode: 'COMPLIANCE' });
    expect(await put(url.replace('=1&x-amz-object-lock-mode=', '=1%0Ax-amz-object-lock-mode%3A'))).toMatch(/^400 /);
    expect(await put(url.replace('=1&x-amz-object-lock-mode=', '%3A1%0Ax-amz-object-lock-mode='))).toMatch(/^400 /);
  });
});
