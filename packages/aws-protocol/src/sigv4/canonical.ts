import { hash } from 'node:crypto';
import { decodeComponent } from '../codec/form.ts';

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
/** Signing names whose path is signed as sent. */
export const S3_NAMES: ReadonlySet<string> = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts']);
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** RFC 3986 encoding as SigV4 wants it: everything but letters, digits and `-._~`. */
export function uriEncode(text: string): string {
  if (UNRESERVED.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The path of the canonical request. S3 signs the path as sent. Every other service encodes it once more, and removes
 * dot segments and double slashes unless `normalize` is false.
 */
export function canonicalPath(path: string, s3: boolean, normalize = true): string {
  if (s3) return path === '' ? '/' : path;
  const raw = normalize ? removeDots(path) : path;
  if (raw === '' || raw === '/') return '/';
  return raw.split('/').map(uriEncode).join('/');
}

function removeDots(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path;
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** Decodes, re-encodes and sorts the query, without the parameters in `leaveOut`. Throws Malformed. */
export function canonicalQuery(query: string, leaveOut?: ReadonlySet<string>): string {
  if (query === '') return '';
  const pairs: [string, string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const cut = part.indexOf('=');
    const name = decodeComponent(cut < 0 ? part : part.slice(0, cut), false);
    if (leaveOut?.has(name)) continue;
    pairs.push([uriEncode(name), cut < 0 ? '' : uriEncode(decodeComponent(part.slice(cut + 1), false))]);
  }
  if (pairs.length > 1)
    pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

export function canonicalHeaders(names: readonly string[], headers: Readonly<Record<string, string>>): string {
  let out = '';
  for (const name of names) out += `${name}:${trimHeader(headers[name] ?? '')}\n`;
  return out;
}

/** Space at an end or twice, or a letter outside ASCII: rare. */
const ODD = /^\s|\s$|\s\s|[^\x20-\x7e]/;

function trimHeader(value: string): string {
  if (!ODD.test(value)) return value;
  const trimmed = value.trim();
  const text = /\s\s|[\t\r\n]/.test(trimmed) ? trimmed.replace(/\s+/g, ' ') : trimmed;
  // Node gives header bytes as Latin-1, signatures cover the bytes.
  return /^[\x00-\x7f]*$/.test(text) || /[^\x00-\xff]/.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

export function canonicalRequest(parts: {
  method: string;
  path: string;
  query: string;
  signedHeaders: readonly string[];
  /** The same, joined by semicolons. */
  signedNames: string;
  headers: Readonly<Record<string, string>>;
  payloadHash: string;
}): string {
  return `${parts.method}\n${parts.path}\n${parts.query}\n${canonicalHeaders(parts.signedHeaders, parts.headers)}\n${parts.signedNames}\n${parts.payloadHash}`;
}

export function stringToSign(timestamp: string, scope: string, canonical: string): string {
  return `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
}
