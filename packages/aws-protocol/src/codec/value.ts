import type { Member, Shape, StructShape } from '../model/schema.ts';
import { Malformed } from './malformed.ts';
import {
  formatTimestamp,
  parseBase64,
  parseSpecialNumber,
  parseTimestamp,
  toBase64,
  toDate,
  validDate,
} from './scalars.ts';

/** What JSON.parse or the CBOR decoder gives. The two differ only in blobs, timestamps and the form of numbers. */
export type Flavour = 'json' | 'cbor';
export interface ReadState {
  depth: number;
  readonly maxDepth: number;
}
export type ValueReader = (value: unknown, state: ReadState) => unknown;
export type ValueWriter = (value: unknown) => unknown;

/** Readers and writers are compiled once a shape, to closures, and kept: interpretation was measured 2x slower. */
export class ValueCodec {
  readonly #flavour: Flavour;
  readonly #readers = new Map<Shape, ValueReader>();
  readonly #writers = new Map<Shape, ValueWriter>();

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  /** Throws Malformed where the value is not of the shape. Unknown members are ignored, as every AWS service does. */
  read(shape: Shape, value: unknown, maxDepth: number): unknown {
    return this.reader(shape)(value, { depth: 0, maxDepth });
  }

  /** Gives what JSON.stringify writes. Members that are undefined or null are left out. */
  write(shape: Shape, value: unknown): unknown {
    return this.writer(shape)(value);
  }

  reader(shape: Shape): ValueReader {
    const known = this.#readers.get(shape);
    if (known) return known;
    let made: ValueReader | undefined;
    this.#readers.set(shape, (value, state) => (made as ValueReader)(value, state));
    made = this.#compileReader(shape);
    this.#readers.set(shape, made);
    return made;
  }

  writer(shape: Shape): ValueWriter {
    const known = this.#writers.get(shape);
    if (known) return known;
    let made: ValueWriter | undefined;
    this.#writers.set(shape, (value) => (made as ValueWriter)(value));
    made = this.#compileWriter(shape);
    this.#writers.set(shape, made);
    return made;
  }

  #compileReader(shape: Shape): ValueReader {
    switch (shape.kind) {
      case 'string':
        return readString;
      case 'number':
        return readNumber;
      case 'boolean':
        return readBoolean;
      case 'timestamp': {
        if (this.#flavour === 'cbor') return readCborTimestamp;
        const format = shape.format ?? 'epochSeconds';
        if (format === 'epochSeconds') return readEpoch;
        return (value) => parseTimestamp(readString(value), format);
      }
      case 'blob':
        return this.#flavour === 'cbor' ? readBytes : (value) => parseBase64(readString(value));
      case 'bigInteger':
      case 'bigDecimal':
        return readBig;
      case 'document':
        return (value, state) => {
          checkDepth(value, state.maxDepth - state.depth);
          return value;
        };
      case 'list': {
        const element = this.reader(shape.element.shape);
        const sparse = shape.traits.sparse === 1;
        return (value, state) => {
          if (!Array.isArray(value)) throw new Malformed('Expected a list');
          enter(state);
          const list: unknown[] = [];
          for (let i = 0; i < value.length; i++) {
            const item: unknown = value[i];
            if (item === null || item === undefined) {
              if (!sparse) throw new Malformed('A list may not hold null');
              list.push(null);
            } else list.push(element(item, state));
          }
          state.depth--;
          return list;
        };
      }
      case 'map': {
        const read = this.reader(shape.value.shape);
        const sparse = shape.traits.sparse === 1;
        return (value, state) => {
          const source = asObject(value);
          enter(state);
          const map: Record<string, unknown> = {};
          for (const key of Object.keys(source)) {
            const item = source[key];
            if (item === null || item === undefined) {
              if (!sparse) throw new Malformed('A map may not hold null');
              put(map, key, null);
            } else put(map, key, read(item, state));
          }
          state.depth--;
          return map;
        };
      }
      case 'struct':
        return this.#structReader(shape);
    }
  }

  #structReader(shape: StructShape): ValueReader {
    const names = shape.members.map((m) => this.#wireName(m));
    const targets = shape.members.map((m) => m.name);
    const readers = shape.members.map((m) => this.reader(m.shape));
    const { union } = shape;
    return (value, state) => {
      const source = asObject(value);
      enter(state);
      const result: Record<string, unknown> = {};
      let found = 0;
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        const item = source[name];
        if (item === undefined || item === null || !Object.hasOwn(source, name)) continue;
        result[targets[i] as string] = (readers[i] as ValueReader)(item, state);
        found++;
      }
      if (union && found !== 1) throw new Malformed(`${shape.name} must have exactly one member set`);
      state.depth--;
      return result;
    };
  }

  #wireName(member: Member): string {
    return this.#flavour === 'json' ? (member.traits.jsonName ?? member.name) : member.name;
  }

  #compileWriter(shape: Shape): ValueWriter {
    switch (shape.kind) {
      case 'timestamp': {
        const format = shape.format ?? 'epochSeconds';
        return format === 'epochSeconds'
          ? (value) => toDate(value).getTime() / 1000
          : (value) => formatTimestamp(value, format);
      }
      case 'blob':
        return toBase64;
      case 'number':
        return (value) => (typeof value === 'number' && Number.isFinite(value) ? value : writeOddNumber(value));
      case 'string':
        return (value) => (typeof value === 'string' ? value : writeOddString(value));
      case 'bigInteger':
      case 'bigDecimal':
        return writeOddNumber;
      case 'boolean':
      case 'document':
        return (value) => value;
      case 'list': {
        const write = this.writer(shape.element.shape);
        const sparse = shape.traits.sparse === 1;
        return (value) => {
          const list: unknown[] = [];
          for (const item of value as Iterable<unknown>) {
            if (item !== undefined && item !== null) list.push(write(item));
            else if (sparse) list.push(null);
          }
          return list;
        };
      }
      case 'map': {
        const write = this.writer(shape.value.shape);
        const sparse = shape.traits.sparse === 1;
        return (value) => {
          const map: Record<string, unknown> = {};
          for (const [key, item] of Object.entries(value as object)) {
            if (item !== undefined && item !== null) put(map, key, write(item));
            else if (sparse && item === null) put(map, key, null);
          }
          return map;
        };
      }
      case 'struct': {
        const sources = shape.members.map((m) => m.name);
        const names = shape.members.map((m) => this.#wireName(m));
        const writers = shape.members.map((m) => this.writer(m.shape));
        return (value) => {
          if (typeof value !== 'object' || value === null) throw new TypeError(`${shape.name} must be an object`);
          const source = value as Record<string, unknown>;
          const result: Record<string, unknown> = {};
          for (let i = 0; i < sources.length; i++) {
            const item = source[sources[i] as string];
            if (item !== undefined && item !== null) result[names[i] as string] = (writers[i] as ValueWriter)(item);
          }
          return result;
        };
      }
    }
  }
}

/** Sets a key that a stranger chose: `__proto__` becomes an ordinary property. */
export function put(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

function enter(state: ReadState): void {
  if (++state.depth > state.maxDepth) throw new Malformed('Values are nested too deeply');
}

function checkDepth(value: unknown, left: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (left <= 0) throw new Malformed('Values are nested too deeply');
  for (const item of Array.isArray(value) ? value : Object.values(value)) checkDepth(item, left - 1);
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new Malformed('Expected an object');
  }
  return value as Record<string, unknown>;
}

function readString(value: unknown): string {
  if (typeof value !== 'string') throw new Malformed('Expected a string');
  return value;
}

function readNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  const special = typeof value === 'string' ? parseSpecialNumber(value) : undefined;
  if (special === undefined) throw new Malformed('Expected a number');
  return special;
}

function readBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Malformed('Expected a boolean');
  return value;
}

function readEpoch(value: unknown): Date {
  if (typeof value !== 'number') throw new Malformed('Expected a timestamp in seconds');
  return validDate(Math.round(value * 1000), value);
}

function readCborTimestamp(value: unknown): Date {
  if (!(value instanceof Date)) throw new Malformed('Expected a timestamp (tag 1)');
  return value;
}

function readBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Malformed('Expected bytes');
  return value;
}

function readBig(value: unknown): unknown {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Malformed('Expected a number');
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
}

function writeOddNumber(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return Number(value);
  throw new TypeError('expected a number');
}

function writeOddString(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value instanceof String) return String(value);
  throw new TypeError('expected a string');
}
