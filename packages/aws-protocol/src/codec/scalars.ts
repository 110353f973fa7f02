import type { Shape, TimestampFormat } from '../model/schema.ts';
import { Malformed } from './malformed.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const HTTP_DATE_TODAY =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d(?:\.\d{1,9})? GMT$/;
/** The two forms of old that RFC 9110 wants taken: `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. */
const HTTP_DATE_OLD =
  /^(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d\d \d\d:\d\d:\d\d GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \d{4})$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function parseTimestamp(text: string, format: TimestampFormat): Date {
  let time = Number.NaN;
  if (format === 'dateTime') time = ISO.test(text) ? Date.parse(text) : Number.NaN;
  else if (format === 'httpDate') time = httpTime(text);
  else time = NUMBER.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
  return validDate(time, text);
}

function httpTime(text: string): number {
  if (HTTP_DATE_TODAY.test(text)) return Date.parse(text);
  return HTTP_DATE_OLD.test(text) ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN;
}

export function isHttpDate(text: string): boolean {
  return !Number.isNaN(httpTime(text.trim()));
}

export function validDate(time: number, shown: unknown): Date {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) throw new Malformed(`Not a timestamp: ${String(shown).slice(0, 64)}`);
  return date;
}

/** ISO 8601 with three decimals or none: the C++ SDK accepts nothing else. */
export function formatTimestamp(value: unknown, format: TimestampFormat): string {
  const date = toDate(value);
  if (format === 'dateTime') return date.toISOString().replace('.000Z', 'Z');
  if (format === 'httpDate') return date.toUTCString();
  return String(date.getTime() / 1000);
}

export function toDate(value: unknown): Date {
  const date =
    value instanceof Date ? value : typeof value === 'number' ? new Date(value * 1000) : new Date(String(value));
  if (Number.isNaN(date.getTime())) throw new TypeError('a timestamp must be a valid Date');
  return date;
}

export function parseNumber(text: string): number {
  if (NUMBER.test(text)) return Number(text);
  const special = parseSpecialNumber(text);
  if (special === undefined) throw new Malformed(`Not a number: ${text.slice(0, 64)}`);
  return special;
}

export function parseSpecialNumber(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN;
  if (text === 'Infinity') return Number.POSITIVE_INFINITY;
  if (text === '-Infinity') return Number.NEGATIVE_INFINITY;
  return undefined;
}

export function parseBoolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  // botocore and the CLI write Python's words in some query services.
  if (text === 'True') return true;
  if (text === 'False') return false;
  throw new Malformed(`Not a boolean: ${text.slice(0, 64)}`);
}

export function parseBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw new Malformed('Not base64');
  return Buffer.from(text, 'base64');
}

export function toBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError('a blob must be bytes or a string');
}

export function toBase64(value: unknown): string {
  const bytes = toBytes(value);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Reads a value that stands in text: a header, a query parameter, a form field, an XML element. */
export function parseText(shape: Shape, text: string, timestamps: TimestampFormat): unknown {
  switch (shape.kind) {
    case 'string':
      return text;
    case 'number':
      return parseNumber(text.trim());
    case 'boolean':
      return parseBoolean(text.trim());
    case 'timestamp':
      return parseTimestamp(text.trim(), shape.format ?? timestamps);
    case 'blob':
      return parseBase64(text.trim());
    case 'bigInteger':
      if (!/^[+-]?\d{1,4096}$/.test(text)) throw new Malformed('Not an integer');
      return BigInt(text);
    case 'bigDecimal':
      if (text.length > 4096 || !NUMBER.test(text)) throw new Malformed('Not a number');
      return text;
    default:
      throw new Malformed('A structure cannot stand here');
  }
}

/** Writes what `parseText` reads. */
export function formatText(shape: Shape, value: unknown, timestamps: TimestampFormat): string {
  if (shape.kind === 'timestamp') return formatTimestamp(value, shape.format ?? timestamps);
  if (shape.kind === 'blob') return toBase64(value);
  if (typeof value === 'object' && value !== null && !(value instanceof String)) {
    throw new TypeError(`a ${shape.kind} must not be an object`);
  }
  return String(value);
}
