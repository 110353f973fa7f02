import type { Readable } from 'node:stream';
import { DEFAULT_LIMITS, Malformed } from './codec/malformed.ts';
import { headersTooLarge } from './errors.ts';

/** A request as an adapter hands it over: nothing decoded, nothing normalised. */
export interface WireRequest {
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly url: string;
  /** Lower-case names; several lines of one name are joined by a comma, as signatures want them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Default `http`. */
  readonly scheme?: 'http' | 'https';
  /** The body, not yet read. Bytes already in memory may be given instead. */
  readonly body: Readable | Uint8Array;
}

export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | string | Readable;
}

/** These decide who is asking and what was signed: two of one kind are never both meant. */
const ONCE = new Set([
  'host',
  'authorization',
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-target',
  'content-length',
  'content-type',
  'x-amz-decoded-content-length',
]);

/** Names of headers in lower case, by how they were written: clients write few, and each time they are new text to V8. */
const lowered = new Map<string, string>();
const KEPT_NAMES = 500;

function lowerCase(name: string): string {
  let known = lowered.get(name);
  if (known === undefined) {
    known = name.toLowerCase();
    if (lowered.size < KEPT_NAMES && name.length < 100) lowered.set(name, known);
  }
  return known;
}

/**
 * Joins Node's `rawHeaders`. Node's own `headers` drops some duplicates and joins others with ", ", and a signature
 * needs to see all of them. Throws Malformed for a duplicate that would make the request ambiguous, an AwsError for more than `maxBytes`.
 */
export function joinHeaders(raw: readonly string[], maxBytes = DEFAULT_LIMITS.headerBytes): Record<string, string> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let bytes = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerCase(raw[i] as string);
    const value = raw[i + 1] as string;
    bytes += name.length + value.length + 4;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (ONCE.has(name)) throw new Malformed(`Header ${name} is given twice`);
    else headers[name] = `${before},${value}`;
  }
  if (bytes > maxBytes) throw headersTooLarge();
  return headers;
}

/** Path and query of a request target; an absolute-form target loses its scheme and host. */
export function splitUrl(url: string): { path: string; query: string } {
  let target = url;
  if (!target.startsWith('/')) {
    const scheme = target.indexOf('://');
    const slash = scheme < 0 ? -1 : target.indexOf('/', scheme + 3);
    target = slash < 0 ? `/${scheme < 0 ? target : ''}` : target.slice(slash);
  }
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}
