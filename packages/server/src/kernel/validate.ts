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
 * Values of an input, lists and objects among them. Ours have some thousands (a list takes 1000 ids). To tell what is wrong with each of the
 * 350,000 that a body of 1 MiB has room for takes 1.5 s, in which nobody else is answered.
 */
const MOST_VALUES = 20_000;

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
  if (room.values < 0)
    return `the input has too many values: at most ${MOST_VALUES} are allowed, counting every item and member`;
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
  return (given) => {
    const flaw = flawOf(given, '', MOST_LEVELS, { values: MOST_VALUES });
    if (flaw !== undefined) throw invalidInput(flaw);
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
