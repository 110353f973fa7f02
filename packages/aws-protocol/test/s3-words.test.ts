import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { WireRequest } from '../src/index.ts';
import { KEY } from './support/harness.ts';
import { sign } from './support/sign.ts';
import { EMPTY, seen, serverOf, tell, told as toldBy } from './support/told.ts';

const server = serverOf(['s3']);
const told = (request: WireRequest): Promise<string> => toldBy(request, server);
const s3 = (method: string, url: string, headers: Record<string, string> = {}, body = EMPTY, payload?: string) =>
  sign('s3', method, url, headers, body, payload);

describe('S3 has codes of its own', () => {
  const md5 = 'N7UdGUp1E+RbVvZSTy1R8g==';
  it.each([
    ['a parameter that is no number', s3('GET', '/b?max-keys=many'), '400 InvalidArgument max-keys'],
    [
      'a header that is no number',
      s3('PUT', '/b/k', { 'x-amz-write-offset-bytes': 'x' }),
      '400 InvalidArgument x-amz-write-offset-bytes',
    ],
    [
      'a header that is no date',
      s3('PUT', '/b/k', { 'x-amz-object-lock-retain-until-date': 'soon' }),
      '400 InvalidArgument x-amz-object-lock-retain-until-date',
    ],
    ['a bad escape in the path', s3('GET', '/b/%zz'), '400 InvalidURI'],
    ['a bad escape in the query', s3('GET', '/b?prefix=%zz'), '400 InvalidURI'],
    ['a body that is no XML', s3('PUT', '/b?tagging', {}, Buffer.from('{}')), '400 MalformedXML'],
    ['an MD5 that is too short', s3('PUT', '/b/k', { 'content-md5': 'YWJyYWNhZGFicmE=' }), '400 InvalidDigest'],
    ['an MD5 with odd letters', s3('PUT', '/b/k', { 'content-md5': md5.replace('U', '*') }), '400 InvalidDigest'],
    ['an MD5 that is empty', s3('PUT', '/b/k', { 'content-md5': '' }), '400 InvalidDigest'],
    ['an MD5 of something else', s3('PUT', '/b/k', { 'content-md5': md5 }), '400 BadDigest'],
    ['a checksum that is none', s3('PUT', '/b/k', { 'x-amz-checksum-crc32': 'bogus' }), '400 InvalidRequest'],
    ['a checksum of something else', s3('PUT', '/b/k', { 'x-amz-checksum-crc32': 'AAAAAQ==' }), '400 BadDigest'],
    [
      'a storage class that there is not',
      s3('PUT', '/b/k', { 'x-amz-storage-class': 'ICE' }),
      '400 InvalidStorageClass x-amz-storage-class',
    ],
    ['an ACL that there is not', s3('PUT', '/b/k', { 'x-amz-acl': 'all' }), '400 InvalidArgument x-amz-acl'],
    [
      'a directive that there is not',
      s3('PUT', '/b/k', { 'x-amz-copy-source': 'b/o', 'x-amz-metadata-directive': 'MOVE' }),
      '400 InvalidArgument x-amz-metadata-directive',
    ],
    ['an encoding that there is not', s3('GET', '/b?encoding-type=utf'), '400 InvalidArgument encoding-type'],
    [
      'a status that there is not',
      s3(
        'PUT',
        '/b?versioning',
        {},
        Buffer.from('<VersioningConfiguration><Status>On</Status></VersioningConfiguration>'),
      ),
      '400 MalformedXML',
    ],
  ])('for %s', async (_what, request, expected) => {
    expect(await told(request)).toBe(expected);
  });

  it.each([
    ['604801', 'X-Amz-Expires must be less than a week (in seconds)'],
    ['99999999999', 'X-Amz-Expires must be less than a week (in seconds)'],
    ['-1', 'X-Amz-Expires must be non-negative'],
    ['soon', 'X-Amz-Expires should be a number'],
  ])('for a presigned URL that expires in %s seconds', async (expires, words) => {
    const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const scope = `${KEY.accessKeyId}%2F${stamp.slice(0, 8)}%2Fus-east-1%2Fs3%2Faws4_request`;
    const url = `/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${scope}&X-Amz-Date=${stamp}&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=${'0'.repeat(64)}`;
    const answer = await server.handle({ method: 'GET', url, headers: { host: 'x' }, body: EMPTY });
    expect(tell(answer)).toBe('400 AuthorizationQueryParametersError');
    expect(answer.body).toContain(words);
  });

  const streamed = (request: WireRequest): WireRequest => ({ ...request, body: Readable.from([Buffer.from('x')]) });
  it.each([
    ['an object', s3('PUT', '/b/k', { 'transfer-encoding': 'chunked' }, EMPTY, 'UNSIGNED-PAYLOAD')],
    ['an object without a body', s3('PUT', '/b/k', {}, EMPTY, 'UNSIGNED-PAYLOAD')],
    ['a part', s3('PUT', '/b/k?partNumber=1&uploadId=u', {}, EMPTY, 'UNSIGNED-PAYLOAD')],
    [
      'chunks',
      s3(
        'PUT',
        '/b/k',
        { 'content-encoding': 'aws-chunked', 'content-length': '9' },
        EMPTY,
        'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      ),
    ],
    ['a document', s3('PUT', '/b?tagging', { 'transfer-encoding': 'chunked' }, EMPTY, 'UNSIGNED-PAYLOAD')],
    [
      'a form',
      {
        method: 'POST',
        url: '/b',
        headers: { host: 'x', 'content-type': 'multipart/form-data; boundary=b' },
        body: EMPTY,
      },
    ],
  ])('for %s whose length is not told', async (_what, request) => {
    const headers: Readonly<Record<string, string>> = request.headers;
    const forS3 = headers['authorization']
      ? request
      : { ...request, headers: { ...headers, host: 's3.amazonaws.com' } };
    expect(await told(streamed(forS3))).toBe('411 MissingContentLength');
  });

  it.each([
    ['is missing', '1\r\nx\r\n0\r\n\r\n'],
    ['is another', '1\r\nx\r\n0\r\nx-amz-checksum-sha1:AAAA\r\n\r\n'],
  ])('for a trailer that %s', async (_what, body) => {
    const headers = {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '1',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    };
    const request = s3('PUT', '/b/k', headers, Buffer.from(body), 'STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    expect(await told(request)).toBe('400 MalformedTrailerError');
  });
});

describe('a date of HTTP that cannot be read', () => {
  it.each(['If-Modified-Since', 'If-Unmodified-Since'])('is passed over: %s', async (name) => {
    for (const odd of ['0', 'yesterday', 'Mon, 32 Foo 2020', '2026-01-01T00:00:00Z']) {
      expect(await told(s3('GET', '/b/k', { [name.toLowerCase()]: odd }))).toBe('200');
      expect(seen.input).toEqual({ Bucket: 'b', Key: 'k' });
    }
  });

  it('is passed over in a copy, and as an end of freshness', async () => {
    expect(
      await told(s3('PUT', '/b/k', { 'x-amz-copy-source': 'b/o', 'x-amz-copy-source-if-modified-since': 'odd' })),
    ).toBe('200');
    expect(seen.input['CopySourceIfModifiedSince']).toBeUndefined();
    for (const expires of ['0', '-1', 'never']) expect(await told(s3('PUT', '/b/k', { expires }))).toBe('200');
    expect(seen.input['Expires']).toBeUndefined();
  });

  it('is given back as it came, where it is the text of Expires', async () => {
    expect((await server.handle(s3('GET', '/b/k'))).headers['Expires']).toBe('0');
  });

  it('may be in the two forms of old', async () => {
    for (const date of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ]) {
      expect(await told(s3('GET', '/b/k', { 'if-modified-since': date }))).toBe('200');
      expect(seen.input['IfModifiedSince'], date).toEqual(new Date('1994-11-06T08:49:37Z'));
    }
  });
});

describe('metadata outside ASCII', () => {
  const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  it.each([
    ['UTF-8', utf8('bl\u00fc \u4e2d'), 'bl\u00fc \u4e2d'],
    ['Latin-1', 'bl\u00fc', 'bl\u00fc'],
    ['words in base64', '=?UTF-8?B?YmzDvCDkuK0=?=', 'bl\u00fc \u4e2d'],
    ['words in quoted letters', 'a =?iso-8859-1?q?bl=FC_b?= =?utf-8?Q?=C3=BC?=', 'a bl\u00fc b\u00fc'],
    ['words of no known charset', '=?x?b?YQ==?=', '=?x?b?YQ==?='],
    ['words that hide a control character', '=?utf-8?b?AQ==?=', '=?utf-8?b?AQ==?='],
    ['words that hide a header', '=?utf-8?q?a=0D=0Ab:_c?= =?utf-8?q?d?=', '=?utf-8?q?a=0D=0Ab:_c?=d'],
  ])('is read as %s', async (_form, header, text) => {
    expect(await told(s3('PUT', '/b/k', { 'x-amz-meta-a': header }))).toBe('200');
    expect(seen.input['Metadata']).toEqual({ a: text });
  });

  it('is given back in encoded words', async () => {
    const { headers } = await server.handle(s3('GET', '/b/k'));
    expect([headers['x-amz-meta-a'], headers['Content-Disposition']]).toEqual([
      '=?UTF-8?B?YmzDvA==?=',
      '=?UTF-8?B?YmzDvA==?=',
    ]);
  });
});
