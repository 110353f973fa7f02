import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { collect, openBody } from '../src/body.ts';
import type { Refusal, WireRequest } from '../src/index.ts';
import { canonicalPath, canonicalQuery, canonicalRequest } from '../src/sigv4/canonical.ts';
import { parseStamp } from '../src/sigv4/claim.ts';
import { HmacKey, hmacHex } from '../src/sigv4/keys.ts';
import { type Credential, SignatureVerifier, sha256Hex } from '../src/sigv4/verify.ts';
import { splitUrl } from '../src/request.ts';
import { KEY } from './support/harness.ts';
import { parseRawRequest } from './support/raw.ts';
import { sign } from './support/sign.ts';

interface Case {
  'context.json': {
    credentials: { access_key_id: string; secret_access_key: string; token?: string };
    normalize: boolean;
    timestamp: string;
  };
  [file: string]: unknown;
}
const { cases } = JSON.parse(readFileSync(new URL('../fixtures/sigv4-test-suite.json', import.meta.url), 'utf8')) as {
  cases: Record<string, Case>;
};

function check(
  request: WireRequest,
  credential: Credential,
  now: number,
  normalizePath = true,
): ReturnType<SignatureVerifier['check']> {
  const verifier = new SignatureVerifier({ now: () => now, normalizePath });
  const claim = verifier.claim(request);
  if (!claim) throw new Error('not signed');
  return verifier.check(request, claim, credential, { bodyHash: () => sha256Hex(request.body as Uint8Array) });
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Refusal).reason;
  }
  return 'none';
}

describe('the published SigV4 test suite', () => {
  it('holds all 38 cases', () => expect(Object.keys(cases)).toHaveLength(38));

  describe.each(Object.entries(cases))('%s', (_name, files) => {
    const context = files['context.json'];
    const { token } = context.credentials;
    const credential: Credential = {
      secretAccessKey: context.credentials.secret_access_key,
      ...(token === undefined ? {} : { sessionToken: token }),
      principal: undefined,
    };
    const now = Date.parse(context.timestamp);

    it.each(['header', 'query'])('verifies the %s form and refuses it once touched', (form) => {
      const request = parseRawRequest(files[`${form}-signed-request.txt`] as string);
      const verified = check(request, credential, now, context.normalize);
      expect(verified.claim.signature).toBe((files[`${form}-signature.txt`] as string).trim());
      if (form === 'header') {
        const { path, query } = splitUrl(request.url);
        const canonical = canonicalRequest({
          method: request.method,
          path: canonicalPath(path, false, context.normalize),
          query: canonicalQuery(query),
          signedHeaders: verified.claim.signedHeaders,
          signedNames: verified.claim.scope.signedNames,
          headers: request.headers,
          payloadHash: verified.payloadHash,
        });
        expect(canonical).toBe((files['header-canonical-request.txt'] as string).trim());
      }
      const other = { ...request, method: request.method === 'GET' ? 'DELETE' : 'GET' };
      expect(reasonOf(() => check(other, credential, now, context.normalize))).toBe('signatureMismatch');
      const wrongKey = { ...credential, secretAccessKey: `${credential.secretAccessKey}x` };
      expect(reasonOf(() => check(request, wrongKey, now, context.normalize))).toBe('signatureMismatch');
      if (token !== undefined)
        expect(reasonOf(() => check(request, { ...credential, sessionToken: 'other' }, now))).toBe('invalidToken');
    });

    it('refuses it outside its time', () => {
      const header = parseRawRequest(files['header-signed-request.txt'] as string);
      expect(reasonOf(() => check(header, credential, now + 16 * 60_000, context.normalize))).toBe('clockSkew');
      expect(reasonOf(() => check(header, credential, now - 16 * 60_000, context.normalize))).toBe('clockSkew');
      const query = parseRawRequest(files['query-signed-request.txt'] as string);
      expect(reasonOf(() => check(query, credential, now + 3_601_000, context.normalize))).toBe('expired');
      expect(reasonOf(() => check(query, credential, now - 16 * 60_000, context.normalize))).toBe('expired');
    });
  });
});

/** Examples of the Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)". */
const S3_CREDENTIAL: Credential = { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', principal: undefined };
const S3_NOW = parseStamp('20130524T000000Z') as number;
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function s3Request(
  method: string,
  url: string,
  headers: Record<string, string>,
  signature: string,
  body: Uint8Array = Buffer.alloc(0),
): WireRequest {
  const names = Object.keys(headers).sort().join(';');
  const authorization = `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${names},Signature=${signature}`;
  return { method, url, headers: { ...headers, authorization }, body };
}
const host = 'examplebucket.s3.amazonaws.com';
const stamp = { 'x-amz-date': '20130524T000000Z' };
/** "PUT object" of the documentation, signed for its own body. */
const putObject = (body: Uint8Array): WireRequest =>
  s3Request(
    'PUT',
    '/test%24file.text',
    {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      host,
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      ...stamp,
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    body,
  );

describe('the examples of the S3 documentation', () => {
  const body = Buffer.from('Welcome to Amazon S3.');
  const examples: [string, WireRequest][] = [
    [
      'GET object',
      s3Request(
        'GET',
        '/test.txt',
        { host, range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY, ...stamp },
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    ],
    ['PUT object', putObject(body)],
    [
      'GET bucket lifecycle',
      s3Request(
        'GET',
        '/?lifecycle',
        { host, 'x-amz-content-sha256': EMPTY, ...stamp },
        'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      ),
    ],
    [
      'list objects',
      s3Request(
        'GET',
        '/?max-keys=2&prefix=J',
        { host, 'x-amz-content-sha256': EMPTY, ...stamp },
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
    ],
  ];
  it.each(examples)('%s', (_name, request) => {
    check(request, S3_CREDENTIAL, S3_NOW);
    expect(reasonOf(() => check({ ...request, url: `${request.url}x` }, S3_CREDENTIAL, S3_NOW))).toBe(
      'signatureMismatch',
    );
    const added = { ...request, headers: { ...request.headers, 'x-amz-acl': 'public-read' } };
    expect(reasonOf(() => check(added, S3_CREDENTIAL, S3_NOW))).toBe('accessDenied');
  });

  it('presigned URL', () => {
    const url = `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${SCOPE.replaceAll('/', '%2F')}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`;
    const request: WireRequest = { method: 'GET', url, headers: { host }, body: Buffer.alloc(0) };
    check(request, S3_CREDENTIAL, S3_NOW + 86_399_000);
    expect(reasonOf(() => check(request, S3_CREDENTIAL, S3_NOW + 86_401_000))).toBe('expired');
    const longer = { ...request, url: url.replace('Expires=86400', 'Expires=86401') };
    expect(reasonOf(() => check(longer, S3_CREDENTIAL, S3_NOW))).toBe('signatureMismatch');
    const week = { ...request, url: url.replace('Expires=86400', 'Expires=604801') };
    expect(reasonOf(() => check(week, S3_CREDENTIAL, S3_NOW))).toBe('queryClaim');
  });

  it('SigV2 presigned URL', () => {
    const url =
      '/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620';
    const request: WireRequest = {
      method: 'GET',
      url,
      headers: { host: 'johnsmith.s3.amazonaws.com' },
      body: Buffer.alloc(0),
    };
    const verifier = new SignatureVerifier({ now: () => 1_175_139_000_000 });
    const claim = verifier.claim(request);
    expect(claim?.form).toBe('sigv2');
    const run = (r: WireRequest) =>
      verifier.check(r, claim as never, S3_CREDENTIAL, { bucketOfHost: 'johnsmith', bodyHash: () => EMPTY });
    run(request);
    expect(reasonOf(() => run({ ...request, method: 'PUT' }))).toBe('signatureMismatch');
    expect(reasonOf(() => new SignatureVerifier({ now: () => 1_175_139_621_000 }).claim(request))).toBe('expired');
  });
});

const CHUNKED = [
  {
    size: 65536,
    signed: 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    trailer: 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
  },
  {
    size: 1024,
    signed: '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    trailer: '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
  },
  {
    size: 0,
    signed: 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    trailer: '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  },
];

function chunkedRequest(kind: 'signed' | 'trailer'): { request: WireRequest; body: Buffer } {
  const parts: Buffer[] = CHUNKED.map((chunk) =>
    Buffer.concat([
      Buffer.from(`${chunk.size.toString(16)};chunk-signature=${chunk[kind]}\r\n`),
      Buffer.alloc(chunk.size, 'a'),
      Buffer.from(kind === 'trailer' && chunk.size === 0 ? '' : '\r\n'),
    ]),
  );
  if (kind === 'trailer') {
    parts.push(
      Buffer.from(
        'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
      ),
    );
  }
  const body = Buffer.concat(parts);
  const headers: Record<string, string> = {
    'content-encoding': 'aws-chunked',
    host: 's3.amazonaws.com',
    'x-amz-content-sha256':
      kind === 'signed' ? 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' : 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '66560',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    ...stamp,
    ...(kind === 'signed' ? { 'content-length': '66824' } : { 'x-amz-trailer': 'x-amz-checksum-crc32c' }),
  };
  const seed =
    kind === 'signed'
      ? '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
      : '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
  return { request: s3Request('PUT', '/examplebucket/chunkObject.txt', headers, seed, body), body };
}

async function decode(request: WireRequest, body: Buffer, piece: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += piece) pieces.push(body.subarray(at, at + piece));
  const verified = check(request, S3_CREDENTIAL, S3_NOW);
  const { stream } = openBody({ ...request, body: Readable.from(pieces, { objectMode: false }) }, verified);
  return collect(stream, 1 << 20);
}

describe.each(['signed', 'trailer'] as const)('the documentation example of chunks, %s', (kind) => {
  const { request, body } = chunkedRequest(kind);

  it.each([1 << 20, 4096, 1023, 7])('decodes in pieces of %i bytes', async (piece) => {
    const decoded = await decode(request, body, piece);
    expect(decoded.equals(Buffer.alloc(66560, 'a'))).toBe(true);
  });

  it('refuses a byte changed anywhere', async () => {
    const places = [20, 90, 100, 40_000, 65_630, 65_700, body.length - 120, body.length - 30, body.length - 8];
    for (const at of places) {
      const touched = Buffer.from(body);
      touched[at] = (touched[at] as number) ^ 1;
      await expect(decode(request, touched, 8192), `byte ${at}`).rejects.toThrow(
        /match|malformed|longer|shorter|ends|signature|announced/,
      );
    }
  });

  it('refuses a body cut short or continued', async () => {
    for (const length of [10, 50_000, 65_620, body.length - 95]) {
      await expect(decode(request, body.subarray(0, length), 8192), `${length}`).rejects.toThrow();
    }
    await expect(decode(request, Buffer.concat([body, Buffer.from('x')]), 8192)).rejects.toThrow();
  });
});

it('computes HMACs as createHmac does', () => {
  for (const key of [Buffer.alloc(0), Buffer.from('k'), Buffer.alloc(32, 7), Buffer.alloc(64, 9)]) {
    for (const text of ['', 'text', 'ünï', 'x'.repeat(1000)])
      expect(new HmacKey(key).hex(text)).toBe(hmacHex(key, text));
  }
});

it('no added header turns the check of a signed digest off', async () => {
  const body = Buffer.from('5\r\nother\r\n0\r\n\r\n');
  const signedDigest = putObject(body);
  const request = { ...signedDigest, headers: { ...signedDigest.headers, 'content-encoding': 'aws-chunked' } };
  const { stream } = openBody(request, check(request, S3_CREDENTIAL, S3_NOW));
  await expect(collect(stream, 1000)).rejects.toMatchObject({ reason: 'bodyDigest' });
});

describe('claims', () => {
  const base: WireRequest = { method: 'GET', url: '/', headers: { host: 'h', ...stamp }, body: Buffer.alloc(0) };
  const withAuthorization = (authorization: string): WireRequest => ({
    ...base,
    headers: { ...base.headers, authorization },
  });
  const verifier = new SignatureVerifier({ now: () => S3_NOW });

  it.each([
    ['SigV4a', 'AWS4-ECDSA-P256-SHA256 Credential=x, SignedHeaders=host, Signature=y', 'unsupportedSignature'],
    ['SigV2 in a header', 'AWS AKID:sig', 'unsupportedSignature'],
    ['Basic', 'Basic Zm9v', 'unsupportedSignature'],
    ['no signature', `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=host`, 'incompleteSignature'],
    [
      'a short scope',
      'AWS4-HMAC-SHA256 Credential=A/20130524/aws4_request, SignedHeaders=host, Signature=0',
      'incompleteSignature',
    ],
    [
      'another day',
      `AWS4-HMAC-SHA256 Credential=${SCOPE.replace('0524', '0525')}, SignedHeaders=host, Signature=0`,
      'incompleteSignature',
    ],
    [
      'host not signed',
      `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=x-amz-date, Signature=${EMPTY}`,
      'incompleteSignature',
    ],
    [
      'headers out of order',
      `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=x-amz-date;host, Signature=${EMPTY}`,
      'incompleteSignature',
    ],
    ['a bad signature', `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=host, Signature=zz`, 'signatureMismatch'],
  ])('%s is refused', (_name, authorization, reason) => {
    expect(reasonOf(() => verifier.claim(withAuthorization(authorization)))).toBe(reason);
  });

  it('refuses SigV4a in the query and two mechanisms at once', () => {
    const v4a = { ...base, url: '/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=x&X-Amz-Signature=y' };
    expect(reasonOf(() => verifier.claim(v4a))).toBe('unsupportedSignature');
    const both = { ...withAuthorization('AWS4-HMAC-SHA256 Credential=x'), url: '/?X-Amz-Signature=y' };
    expect(reasonOf(() => verifier.claim(both))).toBe('incompleteSignature');
    expect(verifier.claim(base)).toBeUndefined();
  });

  it('holds each request against its own words, though it knows the claim of one before', () => {
    const at = Date.now();
    const signed = sign('sqs', 'POST', '/', { 'x-amz-target': 'AmazonSQS.ListQueues' }, Buffer.from('{}'));
    const own = { secretAccessKey: KEY.secretAccessKey, principal: undefined };
    for (let times = 0; times < 2; times++) check(signed, own, at);
    const head = signed.headers as Record<string, string>;
    const but = (more: Record<string, string>): WireRequest => ({ ...signed, headers: { ...head, ...more } });
    const authorization = head['authorization'] as string;
    const flipped = authorization.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    for (const [more, reason] of [
      [{ authorization: flipped }, 'signatureMismatch'],
      [{ authorization: authorization.slice(0, -1) }, 'signatureMismatch'],
      [{ authorization: `${authorization.slice(0, -1)}Z` }, 'signatureMismatch'],
      [{ authorization: `${authorization.slice(0, -64)}${'0'.repeat(64)}` }, 'signatureMismatch'],
      [{ 'x-amz-target': 'AmazonSQS.PurgeQueue' }, 'signatureMismatch'],
      [{ 'x-amz-date': '20200101T000000Z' }, 'incompleteSignature'],
      [{ 'x-amz-date': 'soon' }, 'incompleteSignature'],
      [{ 'x-amz-security-token': 'token' }, 'invalidToken'],
    ] as const)
      expect(
        reasonOf(() => check(but(more), own, at)),
        JSON.stringify(more),
      ).toBe(reason);
  });
});
