import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { invalidInput } from './errors.ts';
import { cut, type Problem, tellProblems } from './problems.ts';

/** What is wrong with each branch of a union comes before the union itself, and by default no more than eight things are told. */
Settings.Set({ maxErrors: 256 });

/** Levels of lists and objects in an input. Ours have five; what walks through an input recursively must not meet a hundred thousand. */
const MOST_LEVELS = 32;
/**
 * Values of an input, lists and objects among them. Ours have a thousand (a list takes 1000 ids). Each takes about a microsecond, in which
 * nobody else is answered, and a body of 4 MiB has room for two million.
 */
const MOST_VALUES = 5_000;

const TOO_MANY_VALUES = `the input has too many values: at most ${MOST_VALUES} are allowed, counting every item and member`;

/**
 * Throws INVALID_INPUT for JSON with more values or levels than any input has. Looks at the bytes alone, a nanosecond each: a parser takes
 * half a second for 4 MiB of brackets.
 */
export function refuseLargeJson(json: Buffer): void {
  let values = 0;
  let levels = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === 0x22) at = endOfText(json, at + 1);
    else if (byte === 0x2c) values++;
    else if (byte === 0x5b || byte === 0x7b) {
      values++;
      // One more than inputs have: the sentence then names the member.
      if (++levels > MOST_LEVELS + 1) throw invalidInput(`the input is nested deeper than ${MOST_LEVELS} levels`);
    } else if (byte === 0x5d || byte === 0x7d) levels--;
    if (values > MOST_VALUES) throw invalidInput(TOO_MANY_VALUES);
  }
}

/** Where the quote stands that ends a text. */
function endOfText(json: Buffer, begin: number): number {
  // Of a long text without quotes, natively: most of a large body is one.
  const near = begin + 64;
  let at = begin;
  for (; at < json.length && json[at] !== 0x22; at++) {
    if (json[at] === 0x5c) at++;
    else if (at === near) {
      const end = json.indexOf(0x22, at);
      if (end < 0) return json.length;
      if (json[end - 1] !== 0x5c) return end;
    }
  }
  return at;
}

/** Whether PostgreSQL cannot hold a text: it has a NUL, or half a surrogate pair. */
const isUnstorable = (text: string): boolean => text.includes('\0') || !text.isWellFormed();

/**
 * Why no part of us could take a value, whatever the operation: it is too deep, or somewhere in it is a text that cannot be stored or a key
 * that JavaScript reads as something else. Undefined: nothing is wrong with it.
 */
function flawOf(value: unknown, path: string, levels: number, room: { values: number }): string | undefined {
  if (typeof value === 'string')
    return isUnstorable(value)
      ? `${cut(path) || 'the input'} contains a character that cannot be stored (NUL or half a surrogate pair); remove it, or pass it as bytes, in base64 or by standard input`
      : undefined;
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return undefined;
  if (levels === 0) return `${cut(path.split('.')[0]!) || 'the input'} is nested deeper than ${MOST_LEVELS} levels`;
  room.values -= Array.isArray(value) ? value.length : Object.keys(value).length;
  if (room.values < 0) return TOO_MANY_VALUES;
  for (const [key, inner] of Object.entries(value)) {
    if (isUnstorable(key)) return flawOf(key, path, levels, room);
    if (key === '__proto__')
      return `${cut(path) || 'the input'} has the key '__proto__', which is not allowed; rename it`;
    const found = flawOf(inner, path === '' ? key : `${path}.${key}`, levels - 1, room);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface ObjectSchema {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly patternProperties?: unknown;
  readonly items?: TSchema;
  readonly prefixItems?: readonly TSchema[];
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly maxLength?: number;
}

/** The first part of a value that has more items, members or characters than its schema allows: what is in it need not be looked at. */
type FindExcess = (value: unknown, path: string) => Problem | undefined;

function excessFinderOf(schema: ObjectSchema, schemaPath = '#'): FindExcess | undefined {
  const { maxItems = Infinity, maxProperties = Infinity, maxLength = Infinity } = schema;
  const excess = (keyword: string, instancePath: string, limit: number): Problem => ({
    keyword,
    schemaPath,
    instancePath,
    params: { limit },
  });
  const inItems = schema.items && excessFinderOf(schema.items, `${schemaPath}/items`);
  const inMembers = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const find = excessFinderOf(member, `${schemaPath}/properties/${name}`);
    return find ? [[name, find] as const] : [];
  });
  const isBounded = Math.min(maxItems, maxProperties, maxLength) < Infinity;
  if (!isBounded && !inItems && inMembers.length === 0) return undefined;
  return (value, path) => {
    // A character has one or two code units.
    if (typeof value === 'string')
      return value.length > maxLength * 2 ? excess('maxLength', path, maxLength) : undefined;
    if (value === null || typeof value !== 'object') return undefined;
    if (Array.isArray(value)) {
      if (value.length > maxItems) return excess('maxItems', path, maxItems);
      for (let at = 0; inItems && at < value.length; at++) {
        const found = inItems(value[at], `${path}/${at}`);
        if (found) return found;
      }
      return undefined;
    }
    if (maxProperties < Infinity && Object.keys(value).length > maxProperties)
      return excess('maxProperties', path, maxProperties);
    for (const [name, find] of inMembers) {
      const found = Object.hasOwn(value, name)
        ? find((value as Record<string, unknown>)[name], `${path}/${name}`)
        : undefined;
      if (found) return found;
    }
    return undefined;
  };
}

/** What clients send for a member that they leave out: Go's encoder writes null, `""`, `[]` and `{}`. */
const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  (typeof value === 'object' &&
    !ArrayBuffer.isView(value) &&
    (Array.isArray(value) ? value.length === 0 : Object.keys(value as object).length === 0));

/** Whether an empty value stands for none of this type: `[]` of a list, `{}` of an object, null and `""` of any. */
function standsForNone(value: unknown, { type }: ObjectSchema): boolean {
  if (value === null || value === '') return true;
  return type === (Array.isArray(value) ? 'array' : 'object');
}

type Clean = (value: unknown) => unknown;

/**
 * Takes optional members away that are empty and that empty can be no value of. So it takes members away that the schema does not have: what
 * asks for nothing is given.
 */
function cleanerOf(schema: ObjectSchema): Clean | undefined {
  if (schema.type === 'array' && schema.items) {
    const clean = cleanerOf(schema.items);
    return clean && ((value) => (Array.isArray(value) ? value.map(clean) : value));
  }
  if (schema.type !== 'object' || !schema.properties) return undefined;
  const members = new Map(
    Object.entries(schema.properties).map(([name, member]) => {
      const compiled = Compile(member);
      const isRequired = schema.required?.includes(name) ?? false;
      const isLeftOut = (value: unknown) =>
        !isRequired && isEmpty(value) && standsForNone(value, member) && !compiled.Check(value);
      return [name, { isLeftOut, clean: cleanerOf(member) }] as const;
    }),
  );
  const isClosed = schema.additionalProperties === false && schema.patternProperties === undefined;
  return (value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    let isChanged = false;
    const kept: [string, unknown][] = [];
    for (const [name, given] of Object.entries(value)) {
      const member = members.get(name);
      if (member ? member.isLeftOut(given) : isClosed && isEmpty(given)) {
        isChanged = true;
        continue;
      }
      const cleaned = member?.clean ? member.clean(given) : given;
      isChanged ||= cleaned !== given;
      kept.push([name, cleaned]);
    }
    return isChanged ? Object.fromEntries(kept) : value;
  };
}

/**
 * A compiled validator: returns the input without optional members that are empty and cannot be (null, `""`, `[]`, `{}`), or throws
 * INVALID_INPUT that names the member, its value and what is allowed. The values of `secrets` are not shown.
 */
export function compileValidator(
  schema: TSchema,
  { secrets = [] }: { readonly secrets?: readonly string[] } = {},
): (input: unknown) => unknown {
  const compiled = Compile(schema);
  const hidden = new Set(secrets);
  const clean = cleanerOf(schema) ?? ((input: unknown) => input);
  const findExcess = excessFinderOf(schema);
  return (given) => {
    const flaw = flawOf(given, '', MOST_LEVELS, { values: MOST_VALUES });
    if (flaw !== undefined) throw invalidInput(flaw);
    const excess = findExcess?.(given, '');
    if (excess) throw invalidInput(tellProblems(schema, given, [excess], hidden));
    const input = clean(given);
    if (compiled.Check(input)) return input;
    throw invalidInput(tellProblems(schema, input, compiled.Errors(input) as readonly Problem[], hidden));
  };
}

/**
 * Reads what a query string or path gave as text into the types that the schema asks for; what does not fit stays text and fails later.
 * Throws INVALID_INPUT for a member that is given more than once and is no list.
 */
export function coerceText(schema: TSchema, input: Record<string, unknown>): Record<string, unknown> {
  const properties = (schema as { properties?: Record<string, { type?: string }> }).properties ?? {};
  const read = (name: string, value: unknown): unknown => {
    const type = Object.hasOwn(properties, name) ? properties[name]!.type : undefined;
    if (Array.isArray(value) && type !== undefined && type !== 'array')
      throw invalidInput(`${name} occurs ${value.length} times; send it once`);
    if (typeof value !== 'string') return value;
    if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
    if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
    // Without a value it asks for nothing.
    return type === 'array' && value !== '' ? [value] : value;
  };
  // Object.fromEntries, and no assignment: a member may be called __proto__.
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, read(name, value)]));
}
