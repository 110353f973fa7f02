import { parsePairs } from '../codec/form.ts';
import { Refusal } from '../errors.ts';
import type { WireRequest } from '../request.ts';
import { namesSigner } from '../sigv4/claim.ts';

/** What a presigned URL says of its signature. */
const SIGNATURE = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-content-sha256',
]);
/**
 * Checksums of a body: S3 passes over those in a URL. SDKs put the one of an empty body there, since they presign without
 * the body that is to come.
 */
const CHECKSUM = /^x-amz-(?:checksum-(?!mode$|type$|algorithm$)|sdk-checksum-algorithm$|trailer$)/;
/** What presigners of version 2 move into the URL besides, and what its signature covers. */
const V2_HEADERS = new Set(['content-type', 'content-md5']);

/** Refuses what could not have come as a header. A signature of version 2 covers one header a line: a line break would make two of one. */
export function checkHeader(what: string, name: string, value: string): void {
  if (!/^[!#$%&'*+\-.^_`|~\da-z]+$/.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value))
    throw new Refusal('validation', `The ${what} ${JSON.stringify(name.slice(0, 100))} cannot be a header.`);
}

/**
 * The headers of a request, with those that a presigned URL carries in its query: presigners move `x-amz-` headers there,
 * and S3 takes them as headers. Where both are there, the header counts: it must be signed as well.
 */
export function hoistedHeaders(request: WireRequest, query: string): Readonly<Record<string, string>> {
  if (request.headers['authorization'] !== undefined || !namesSigner(query)) return request.headers;
  const pairs = parsePairs(query, false, 10_000);
  // By the names as they are read, whatever their escapes: a signature covers them so too.
  const v4 = pairs.some(([name]) => name.toLowerCase() === 'x-amz-algorithm');
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) {
    const header = name.toLowerCase();
    const moved = header.startsWith('x-amz-')
      ? !SIGNATURE.has(header) && !CHECKSUM.test(header)
      : V2_HEADERS.has(header);
    if (!moved || (v4 && V2_HEADERS.has(header)) || request.headers[header] !== undefined) continue;
    checkHeader('parameter', header, value);
    // Headers hold bytes, as Node gives them.
    const text = Buffer.from(value, 'utf8').toString('latin1');
    found[header] = found[header] === undefined ? text : `${found[header]},${text}`;
  }
  return { ...request.headers, ...found };
}
