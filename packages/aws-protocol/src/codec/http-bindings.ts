import type { Member, Operation, Shape, StructShape, TimestampFormat } from '../model/schema.ts';
import { Refusal } from '../errors.ts';
import { decodeWords, encodeWords } from './encoded-words.ts';
import { Malformed } from './malformed.ts';
import { formatText, isHttpDate, parseText } from './scalars.ts';
import { put } from './value.ts';

/** Where each member of an input or output travels in the REST protocols. */
export interface Bindings {
  readonly labels: readonly Member[];
  readonly query: readonly Member[];
  readonly queryParams: Member | undefined;
  readonly headers: readonly Member[];
  readonly prefixHeaders: readonly Member[];
  readonly status: Member | undefined;
  readonly payload: Member | undefined;
  readonly body: readonly Member[];
}

const cache = new WeakMap<StructShape, Bindings>();

export function bindingsOf(shape: StructShape): Bindings {
  const known = cache.get(shape);
  if (known) return known;
  const all = shape.members;
  const made: Bindings = {
    labels: all.filter((m) => m.traits.httpLabel),
    query: all.filter((m) => m.traits.httpQuery),
    queryParams: all.find((m) => m.traits.httpQueryParams),
    headers: all.filter((m) => m.traits.httpHeader),
    prefixHeaders: all.filter((m) => m.traits.httpPrefixHeaders !== undefined),
    status: all.find((m) => m.traits.httpResponseCode),
    payload: all.find((m) => m.traits.httpPayload),
    body: all.filter((m) => !isBound(m)),
  };
  cache.set(shape, made);
  return made;
}

export function isBound(member: Member): boolean {
  const t = member.traits;
  return Boolean(
    t.httpLabel ||
      t.httpQuery ||
      t.httpQueryParams ||
      t.httpHeader ||
      t.httpPrefixHeaders !== undefined ||
      t.httpResponseCode ||
      t.httpPayload,
  );
}

export interface BoundRequest {
  readonly labels: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads labels, query parameters and headers into `target`. */
export function readBound(shape: StructShape, request: BoundRequest, target: Record<string, unknown>): void {
  const bindings = bindingsOf(shape);
  for (const member of bindings.labels) {
    const text = request.labels[member.name];
    if (text !== undefined)
      target[member.name] = readNamed(member.name, text, () => parseText(member.shape, text, 'dateTime'));
  }
  const bound = new Set<string>();
  for (const member of bindings.query) {
    const name = member.traits.httpQuery as string;
    bound.add(name);
    const values: string[] = [];
    for (const [key, value] of request.query) if (key === name) values.push(value);
    if (values.length === 0) continue;
    if (member.shape.kind === 'list') {
      const { element } = member.shape;
      target[member.name] = values.map((v) => readNamed(name, v, () => parseText(element.shape, v, 'dateTime')));
    } else if (values[0] !== '' || member.shape.kind === 'string') {
      const text = values[0] as string;
      target[member.name] = readNamed(name, text, () => parseText(member.shape, text, 'dateTime'));
    }
  }
  if (bindings.queryParams)
    target[bindings.queryParams.name] = restOfQuery(bindings.queryParams.shape, request.query, bound);
  for (const member of bindings.headers) {
    const name = (member.traits.httpHeader as string).toLowerCase();
    const text = request.headers[name];
    if (text === undefined) continue;
    if (IGNORABLE.test(name) && !isHttpDate(text)) continue;
    target[member.name] = readNamed(name, text, () => readHeader(member.shape, text));
  }
  for (const member of bindings.prefixHeaders) {
    const prefix = (member.traits.httpPrefixHeaders as string).toLowerCase();
    const map: Record<string, unknown> = {};
    let found = false;
    for (const name of Object.keys(request.headers)) {
      if (!name.startsWith(prefix)) continue;
      put(map, name.slice(prefix.length), decodeWords(decodeHeaderText(request.headers[name] as string)));
      found = true;
    }
    if (found) target[member.name] = map;
  }
}

/** RFC 9110: a condition whose date cannot be read is passed over; and so is an end of freshness, often `0` or `-1`. */
const IGNORABLE = /^(?:expires|(?:x-amz-copy-source-)?if-(?:un)?modified-since)$/;

/** Names what could not be read, and keeps it apart from a body that could not. */
function readNamed<T>(name: string, text: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed) || error.reason !== 'malformed') throw error;
    const details = { ArgumentName: name, ArgumentValue: text.slice(0, 200) };
    throw new Refusal('parameter', `${name}: ${error.message}`, { details, cause: error });
  }
}

function restOfQuery(shape: Shape, query: BoundRequest['query'], bound: ReadonlySet<string>): Record<string, unknown> {
  const lists = shape.kind === 'map' && shape.value.shape.kind === 'list';
  const map: Record<string, unknown> = {};
  for (const [key, value] of query) {
    if (bound.has(key)) continue;
    if (!lists) {
      if (!Object.hasOwn(map, key)) put(map, key, value);
    } else if (Object.hasOwn(map, key)) (map[key] as string[]).push(value);
    else put(map, key, [value]);
  }
  return map;
}

function readHeader(shape: Shape, text: string): unknown {
  if (shape.kind !== 'list')
    return shape.kind === 'string' ? decodeHeaderText(text) : parseText(shape, text, 'httpDate');
  const { shape: element } = shape.element;
  if (text.trim() === '') return [];
  if (element.kind === 'timestamp' && (element.format ?? 'httpDate') === 'httpDate') {
    // An HTTP date holds a comma itself.
    return text.split(/(?<=GMT)\s*,\s*/).map((part) => parseText(element, part.trim(), 'httpDate'));
  }
  return splitHeaderList(text).map((part) => parseText(element, part, 'httpDate'));
}

/** Node reads header bytes as Latin-1; clients send UTF-8. Text that is not UTF-8 stays as it came. */
function decodeHeaderText(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}

function splitHeaderList(text: string): string[] {
  const parts: string[] = [];
  let at = 0;
  while (at <= text.length) {
    while (text[at] === ' ' || text[at] === '\t') at++;
    if (text[at] === '"') {
      let value = '';
      at++;
      while (at < text.length && text[at] !== '"') {
        if (text[at] === '\\') at++;
        value += text[at++] ?? '';
      }
      if (text[at] !== '"') throw new Malformed('A quoted header value is not closed');
      at++;
      while (text[at] === ' ') at++;
      if (at < text.length && text[at] !== ',') throw new Malformed('Bad header list');
      parts.push(value);
      at++;
    } else {
      let end = text.indexOf(',', at);
      if (end < 0) end = text.length;
      parts.push(text.slice(at, end).trim());
      at = end + 1;
    }
  }
  return parts;
}

/** Writes headers and the status of an output or an error. */
export function writeBound(
  shape: StructShape,
  value: Record<string, unknown>,
  headers: Record<string, string>,
): number | undefined {
  const bindings = bindingsOf(shape);
  for (const member of bindings.headers) {
    const item = value[member.name];
    if (item === undefined || item === null) continue;
    const text = writeHeader(member.shape, item, 'httpDate');
    // S3 has two members for one header: its date, and its text where that is no date.
    if (text !== undefined) headers[member.traits.httpHeader as string] ??= encodeHeaderText(text);
  }
  for (const member of bindings.prefixHeaders) {
    const map = value[member.name];
    if (map === undefined || map === null) continue;
    for (const [key, item] of Object.entries(map as object)) {
      if (item !== undefined && item !== null)
        headers[member.traits.httpPrefixHeaders + key] = encodeHeaderText(String(item));
    }
  }
  const status = bindings.status && value[bindings.status.name];
  return typeof status === 'number' ? status : undefined;
}

function writeHeader(shape: Shape, value: unknown, timestamps: TimestampFormat): string | undefined {
  if (shape.kind !== 'list') return formatText(shape, value, timestamps);
  const { shape: element } = shape.element;
  const parts = [...(value as Iterable<unknown>)]
    .filter((item) => item !== undefined && item !== null)
    .map((item) => {
      const text = formatText(element, item, timestamps);
      return element.kind === 'string' && /[",]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
    });
  return parts.length === 0 ? undefined : parts.join(', ');
}

function encodeHeaderText(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError('a header value may not hold line breaks');
  return encodeWords(text);
}

/** The member that streams, if the operation has one on that side: a streaming blob, or an event stream. */
export function streamingMember(operation: Operation, side: 'input' | 'output'): Member | undefined {
  return operation[side]?.members.find(
    (m) =>
      (m.shape.kind === 'blob' && m.shape.streaming) ||
      (m.shape.kind === 'struct' && m.shape.union && m.shape.traits.streaming === 1),
  );
}
