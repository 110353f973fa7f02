import type { Member, Shape, StructShape } from '../../src/index.ts';

/** A small seeded generator (mulberry32), so that a failing case can be run again. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

export function seedOf(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}

/** Outputs that SDKs take for failed without them. */
const ALWAYS = new Set(['CopyObjectResult', 'CopyPartResult']);
const PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const ODD = [
  ' ',
  '/',
  '+',
  '&',
  '=',
  '%',
  '?',
  '#',
  '<',
  '>',
  '"',
  "'",
  ':',
  ';',
  ',',
  '~',
  '!',
  '*',
  '(',
  ')',
  'é',
  'ß',
  '漢',
  '😀',
  '\n',
  '\\',
  '@',
  '$',
  '[',
  ']',
  '{',
  '}',
];

export interface GenerateOptions {
  /** XML cannot tell an empty list or map from none. */
  readonly allowEmpty: boolean;
  /** Members to leave out, with a value given for others. */
  readonly fixed: (owner: StructShape, member: Member, random: Random) => unknown;
  /** Blobs as this. */
  readonly blob: (bytes: Buffer) => unknown;
  readonly maxDepth: number;
}
export const SKIP = Symbol('skip');

export function text(random: Random, odd = 0.3): string {
  const length = 1 + random.below(12);
  let out = '';
  for (let i = 0; i < length; i++)
    out += random.chance(odd) && i > 0 && i < length - 1 ? random.pick(ODD) : random.pick(PLAIN.split(''));
  return out;
}

export function plainText(random: Random): string {
  let out = '';
  for (let i = 0, length = 3 + random.below(8); i < length; i++) out += PLAIN[random.below(26)];
  return out;
}

export function generate(shape: Shape, random: Random, options: GenerateOptions, depth = 0): unknown {
  switch (shape.kind) {
    case 'string':
      return text(random);
    case 'number':
      return random.chance(0.1) ? -1 - random.below(1000) : random.below(1_000_000);
    case 'boolean':
      return random.chance(0.5);
    case 'timestamp':
      return new Date((1_400_000_000 + random.below(600_000_000)) * 1000);
    case 'blob': {
      const bytes = Buffer.from(Array.from({ length: 1 + random.below(20) }, () => random.below(256)));
      return options.blob(bytes);
    }
    case 'document':
      return { a: [1, 'two', { three: true }] };
    case 'bigInteger':
    case 'bigDecimal':
      return 12;
    case 'list': {
      const length = options.allowEmpty && random.chance(0.1) ? 0 : 1 + random.below(3);
      return Array.from({ length }, () => generate(shape.element.shape, random, options, depth + 1));
    }
    case 'map': {
      const map: Record<string, unknown> = {};
      const length = options.allowEmpty && random.chance(0.1) ? 0 : 1 + random.below(2);
      for (let i = 0; i < length; i++) map[text(random, 0.1)] = generate(shape.value.shape, random, options, depth + 1);
      return map;
    }
    case 'struct':
      return struct(shape, random, options, depth);
  }
}

function struct(shape: StructShape, random: Random, options: GenerateOptions, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const usable = options.allowEmpty ? shape.members : shape.members.filter((m) => !isHollow(m.shape));
  const flat = usable.filter((m) => isFlat(m.shape));
  const fill = (member: Member): void => {
    const fixed = options.fixed(shape, member, random);
    if (fixed === SKIP) return;
    result[member.name] = fixed ?? bound(member, random) ?? generate(member.shape, random, options, depth + 1);
  };
  if (shape.union) {
    fill(random.pick(depth < options.maxDepth || flat.length === 0 ? usable : flat));
    return result;
  }
  for (const member of usable) {
    const deep = depth >= options.maxDepth && !isFlat(member.shape);
    const wanted = member.required || member.traits.idempotencyToken === 1 || ALWAYS.has(member.name);
    if (wanted || (!deep && random.chance(depth === 0 ? 0.6 : 0.45))) fill(member);
  }
  if (!options.allowEmpty && depth > 0 && Object.keys(result).length === 0) {
    // Forms cannot say "an empty structure".
    const filler = flat[0] ?? usable[0];
    if (filler) fill(filler);
  }
  return result;
}

/** Headers and the path cannot carry everything. */
function bound(member: Member, random: Random): unknown {
  const { traits, shape } = member;
  if (traits.httpHeader !== undefined) {
    if (shape.kind === 'string') return plainText(random);
    if (shape.kind === 'list') return [plainText(random), plainText(random)];
  }
  if (traits.httpPrefixHeaders !== undefined)
    return {
      [plainText(random).toLowerCase()]: plainText(random),
      [`k-${plainText(random).toLowerCase()}`]: plainText(random),
    };
  if (traits.httpResponseCode) return random.pick([200, 201, 202, 299]);
  return undefined;
}

function isFlat(shape: Shape): boolean {
  return shape.kind !== 'struct' && shape.kind !== 'list' && shape.kind !== 'map';
}

/** Nothing can be said with it: a structure without members, or a list of such. */
function isHollow(shape: Shape): boolean {
  if (shape.kind === 'struct') return shape.members.length === 0;
  if (shape.kind === 'list') return isHollow(shape.element.shape);
  return shape.kind === 'map' && isHollow(shape.value.shape);
}
