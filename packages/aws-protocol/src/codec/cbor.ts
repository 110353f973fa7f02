import type { Shape } from '../model/schema.ts';
import { Malformed } from './malformed.ts';
import { toBytes, toDate } from './scalars.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const BREAK = Symbol('break');

/**
 * Reads one CBOR item (RFC 8949) that fills the whole buffer. Announced lengths are checked against the bytes that are
 * there before anything is built, so a length that lies costs nothing. Tag 1 gives a Date, tags 2 and 3 a bigint.
 */
export function decodeCbor(bytes: Uint8Array, limits: { depth: number; nodes: number }): unknown {
  const decoder = new Decoder(bytes, limits);
  const value = decoder.item(0);
  if (value === BREAK || decoder.at !== bytes.length) throw new Malformed('Not one CBOR item');
  return value;
}

class Decoder {
  at = 0;
  #nodes = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: { depth: number; nodes: number };

  constructor(bytes: Uint8Array, limits: { depth: number; nodes: number }) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  item(depth: number): unknown {
    if (depth > this.#limits.depth) throw new Malformed('CBOR is nested too deeply');
    if (++this.#nodes > this.#limits.nodes) throw new Malformed('CBOR has too many items');
    const head = this.#byte();
    const major = head >> 5;
    const info = head & 31;
    if (major === 7) return this.#simple(info);
    const indefinite = info === 31;
    if (indefinite && (major < 2 || major === 6)) throw new Malformed('CBOR: no such indefinite item');
    const argument = indefinite ? 0 : this.#argument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return typeof argument === 'bigint' ? -1n - argument : -1 - argument;
      case 2:
        return indefinite ? Buffer.concat(this.#chunks(2)) : this.#take(argument);
      case 3:
        return text(indefinite ? Buffer.concat(this.#chunks(3)) : this.#take(argument));
      case 4:
        return this.#list(indefinite ? -1 : this.#count(argument), depth);
      case 5:
        return this.#map(indefinite ? -1 : this.#count(argument), depth);
      default:
        return this.#tag(argument, depth);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Malformed('CBOR ends too early');
    return byte;
  }

  #need(count: number): number {
    const at = this.at;
    if (count > this.#bytes.length - at) throw new Malformed('CBOR ends too early');
    this.at = at + count;
    return at;
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return this.#view.getUint16(this.#need(2));
    if (info === 26) return this.#view.getUint32(this.#need(4));
    if (info === 27) {
      const value = this.#view.getBigUint64(this.#need(8));
      return value <= 9007199254740991n ? Number(value) : value;
    }
    throw new Malformed('CBOR: reserved length');
  }

  #take(length: number | bigint): Uint8Array {
    const at = this.#need(Number(length));
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, Number(length));
  }

  /** Each item takes a byte at least, so a count above what is left is a lie. */
  #count(count: number | bigint): number {
    if (count > this.#bytes.length - this.at) throw new Malformed('CBOR ends too early');
    return Number(count);
  }

  #chunks(major: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (;;) {
      const head = this.#byte();
      if (head === 0xff) return parts;
      if (head >> 5 !== major || (head & 31) === 31) throw new Malformed('CBOR: bad chunk');
      if (++this.#nodes > this.#limits.nodes) throw new Malformed('CBOR has too many items');
      parts.push(this.#take(this.#argument(head & 31)));
    }
  }

  #list(count: number, depth: number): unknown[] {
    const list: unknown[] = [];
    for (let i = 0; count < 0 || i < count; i++) {
      const value = this.item(depth + 1);
      if (value === BREAK) {
        if (count < 0) return list;
        throw new Malformed('CBOR: stray break');
      }
      list.push(value);
    }
    return list;
  }

  #map(count: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let i = 0; count < 0 || i < count; i++) {
      const key = this.item(depth + 1);
      if (key === BREAK && count < 0) return map;
      if (typeof key !== 'string') throw new Malformed('CBOR: a key must be text');
      const value = this.item(depth + 1);
      if (value === BREAK) throw new Malformed('CBOR: stray break');
      Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return map;
  }

  #tag(tag: number | bigint, depth: number): unknown {
    const value = this.item(depth + 1);
    if (value === BREAK) throw new Malformed('CBOR: stray break');
    if (tag === 1) {
      if (typeof value !== 'number') throw new Malformed('CBOR: a timestamp must be a number');
      const date = new Date(Math.round(value * 1000));
      if (Number.isNaN(date.getTime())) throw new Malformed('CBOR: timestamp out of range');
      return date;
    }
    if (tag === 2 || tag === 3) {
      if (!(value instanceof Uint8Array) || value.length > 1024) throw new Malformed('CBOR: bad big number');
      const big = value.length === 0 ? 0n : BigInt(`0x${Buffer.from(value).toString('hex')}`);
      return tag === 2 ? big : -1n - big;
    }
    return value;
  }

  #simple(info: number): unknown {
    if (info === 20) return false;
    if (info === 21) return true;
    if (info === 22 || info === 23) return null;
    if (info === 25) return half(this.#view.getUint16(this.#need(2)));
    if (info === 26) return this.#view.getFloat32(this.#need(4));
    if (info === 27) return this.#view.getFloat64(this.#need(8));
    if (info === 31) return BREAK;
    throw new Malformed('CBOR: unknown simple value');
  }
}

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Malformed('CBOR: text is not UTF-8');
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 25) * (1024 + fraction);
}

/** Writes values by their shape: timestamps as tag 1, blobs as byte strings, whole numbers as integers. */
export function encodeCbor(shape: Shape, value: unknown): Buffer {
  const encoder = new Encoder();
  encoder.write(shape, value);
  return encoder.done();
}

class Encoder {
  #buffer = Buffer.allocUnsafe(1024);
  #at = 0;

  done(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  write(shape: Shape | undefined, value: unknown): void {
    if (value === null || value === undefined) return this.#raw(0xf6);
    switch (shape?.kind) {
      case 'struct': {
        const source = value as Record<string, unknown>;
        const members = shape.members.filter((m) => source[m.name] !== undefined && source[m.name] !== null);
        this.#head(5, members.length);
        for (const member of members) {
          this.#text(member.name);
          this.write(member.shape, source[member.name]);
        }
        return;
      }
      case 'list': {
        const sparse = shape.traits.sparse === 1;
        const items = [...(value as Iterable<unknown>)].filter(
          (item) => sparse || (item !== undefined && item !== null),
        );
        this.#head(4, items.length);
        for (const item of items) this.write(shape.element.shape, item);
        return;
      }
      case 'map':
        return this.#entries(Object.entries(value as object), shape.value.shape, shape.traits.sparse === 1);
      case 'timestamp':
        this.#raw(0xc1);
        return this.#number(toDate(value).getTime() / 1000);
      case 'blob': {
        const bytes = toBytes(value);
        this.#head(2, bytes.length);
        return this.#bytes(bytes);
      }
      case 'number':
        return this.#number(typeof value === 'bigint' ? value : Number(value));
      case 'string':
        return this.#text(String(value as string));
      case 'boolean':
        return this.#raw(value ? 0xf5 : 0xf4);
      default:
        return this.#any(value);
    }
  }

  #any(value: unknown): void {
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number' || typeof value === 'bigint') this.#number(value);
    else if (typeof value === 'boolean') this.#raw(value ? 0xf5 : 0xf4);
    else if (value instanceof Uint8Array) {
      this.#head(2, value.length);
      this.#bytes(value);
    } else if (Array.isArray(value)) {
      this.#head(4, value.length);
      for (const item of value) this.write(undefined, item);
    } else this.#entries(Object.entries(value as object), undefined, true);
  }

  #entries(entries: [string, unknown][], shape: Shape | undefined, sparse: boolean): void {
    const kept = entries.filter(([, item]) => item !== undefined && (sparse || item !== null));
    this.#head(5, kept.length);
    for (const [key, item] of kept) {
      this.#text(key);
      this.write(shape, item);
    }
  }

  #grow(count: number): void {
    if (this.#at + count <= this.#buffer.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + count));
    this.#buffer.copy(bigger, 0, 0, this.#at);
    this.#buffer = bigger;
  }

  #raw(byte: number): void {
    this.#grow(1);
    this.#buffer[this.#at++] = byte;
  }

  #bytes(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(3, length);
    this.#grow(length);
    this.#at += this.#buffer.write(value, this.#at);
  }

  #head(major: number, value: number | bigint): void {
    this.#grow(9);
    const type = major << 5;
    if (value < 24) this.#buffer[this.#at++] = type | Number(value);
    else if (value < 0x100) {
      this.#buffer[this.#at++] = type | 24;
      this.#buffer[this.#at++] = Number(value);
    } else if (value < 0x10000) {
      this.#buffer[this.#at++] = type | 25;
      this.#at = this.#buffer.writeUInt16BE(Number(value), this.#at);
    } else if (value < 0x100000000) {
      this.#buffer[this.#at++] = type | 26;
      this.#at = this.#buffer.writeUInt32BE(Number(value), this.#at);
    } else {
      this.#buffer[this.#at++] = type | 27;
      this.#at = this.#buffer.writeBigUInt64BE(BigInt(value), this.#at);
    }
  }

  #number(value: number | bigint): void {
    if (
      typeof value === 'bigint'
        ? value >= -(2n ** 64n) && value < 2n ** 64n
        : Number.isSafeInteger(value) && !Object.is(value, -0)
    ) {
      if (value >= 0) this.#head(0, value);
      else this.#head(1, typeof value === 'bigint' ? -1n - value : -1 - value);
      return;
    }
    this.#grow(9);
    this.#buffer[this.#at++] = 0xfb;
    this.#at = this.#buffer.writeDoubleBE(Number(value), this.#at);
  }
}
