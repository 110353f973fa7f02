import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { invalidInput } from './errors.ts';

interface Problem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: unknown;
}

/** Longest piece of a wrong value that an error quotes. */
const QUOTED = 60;
/** Most unknown members that an error quotes. */
const MOST_QUOTED = 5;

const valueAt = (input: unknown, path: string): unknown =>
  path
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')],
      input,
    );

const quote = (value: unknown): string => {
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
};

function describe(problem: Problem, input: unknown, secrets: ReadonlySet<string>, known: readonly string[]): string {
  const params = problem.params as Record<string, unknown>;
  const name = problem.instancePath.slice(1).replaceAll('/', '.');
  if (problem.keyword === 'additionalProperties') {
    const extra = (params.additionalProperties as string[]).slice(0, MOST_QUOTED).map(quote).join(', ');
    if (name) return `${name} must not have the member ${extra}`;
    return `unknown member ${extra}; ${known.length > 0 ? `known are ${known.join(', ')}` : 'there are none here'}`;
  }
  if (problem.keyword === 'required') {
    const missing = (params.requiredProperties as string[]).map((key) => (name ? `${name}.${key}` : key)).join(', ');
    return `${missing} is required`;
  }
  const shown = secrets.has(name.split('.')[0]!) ? 'the value' : quote(valueAt(input, problem.instancePath));
  const pattern = problem.keyword === 'pattern' ? `must match ${String(params.pattern)}` : problem.message;
  return `${name || 'the input'} ${shown} ${pattern}`;
}

/** Where a text is that PostgreSQL cannot hold: one with a NUL, or with half a surrogate pair. Undefined: nowhere. */
function findUnstorable(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? path : undefined;
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (findUnstorable(key, path) !== undefined) return path;
    const found = findUnstorable(inner, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface ObjectSchema {
  readonly properties?: Readonly<
    Record<string, { readonly type?: unknown; readonly anyOf?: readonly { type?: unknown }[] }>
  >;
  readonly required?: readonly string[];
}

/** Members that may be left out, and whose schema says nothing of null: null says that they are left out. */
function leavable(schema: ObjectSchema): ReadonlySet<string> {
  const takesNull = (member: { type?: unknown; anyOf?: readonly { type?: unknown }[] }): boolean =>
    member.type === 'null' || (member.anyOf ?? []).some(takesNull);
  return new Set(
    Object.entries(schema.properties ?? {})
      .filter(([name, member]) => !schema.required?.includes(name) && !takesNull(member))
      .map(([name]) => name),
  );
}

/**
 * A compiled validator: returns the input, without optional members that are null (and, of references, empty), or throws INVALID_INPUT that
 * names the member, its value and what is allowed.
 */
export function compileValidator(
  schema: TSchema,
  members: { readonly secrets?: readonly string[]; readonly references?: readonly string[] } = {},
): (input: unknown) => unknown {
  const compiled = Compile(schema);
  const secrets = new Set(members.secrets);
  const known = Object.keys((schema as ObjectSchema).properties ?? {});
  const optional = leavable(schema as ObjectSchema);
  const references = new Set(members.references?.filter((name) => optional.has(name)));
  const isLeftOut = (name: string, value: unknown) =>
    (value === null && optional.has(name)) || (value === '' && references.has(name));
  return (given) => {
    let input = given;
    if (
      given !== null &&
      typeof given === 'object' &&
      Object.entries(given).some(([name, value]) => isLeftOut(name, value))
    )
      input = Object.fromEntries(Object.entries(given).filter(([name, value]) => !isLeftOut(name, value)));
    if (compiled.Check(input)) {
      const unstorable = findUnstorable(input, '');
      if (unstorable === undefined) return input;
      throw invalidInput(
        `${unstorable || 'the input'} holds a character that cannot be stored (NUL or half a surrogate pair)`,
      );
    }
    const problems = (compiled.Errors(input) as readonly Problem[]).filter((problem) => problem.keyword !== 'boolean');
    const texts = [...new Set(problems.slice(0, 3).map((problem) => describe(problem, input, secrets, known)))];
    throw invalidInput(texts.join('; ') || 'the input does not fit');
  };
}

/** Reads what a query string or path gave as text into the types that the schema asks for; what does not fit stays text and fails later. */
export function coerceText(schema: TSchema, input: Record<string, unknown>): Record<string, unknown> {
  const properties =
    (schema as { properties?: Record<string, { type?: string; items?: { type?: string } }> }).properties ?? {};
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input)) {
    const type = properties[key]?.type;
    if ((type === 'integer' || type === 'number') && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))
      result[key] = Number(value);
    else if (type === 'boolean' && (value === 'true' || value === 'false')) result[key] = value === 'true';
    else if (type === 'array' && typeof value === 'string') result[key] = [value];
    else result[key] = value;
  }
  return result;
}
