import type { TSchema } from 'typebox';
import { FORM, FORMATS } from '../kernel/problems.ts';

export interface MalformedInput {
  /** What is wrong, in words. */
  readonly flaw: string;
  readonly input: Readonly<Record<string, unknown>>;
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly maxProperties?: number;
}

type Flaw = readonly [string, unknown];

/** A word that fits nothing but a free text. */
const longText = (length: number): string => 'a'.repeat(length);

/**
 * All that a schema forbids, one flaw at a time, in an input that is otherwise good. Members that travel in a path or a query are text
 * whatever they are, so only what a text can be wrong in is tried; a member of the path cannot be left out either. What says of an optional
 * member that it is left out is no flaw: see {@link emptyInputs}. `isNamed`: its `name` is one that paths hold.
 */
export function malformedInputs(
  schema: TSchema,
  good: Readonly<Record<string, unknown>>,
  travel: { readonly path: readonly string[]; readonly bodied: boolean; readonly isNamed?: boolean },
): MalformedInput[] {
  const root = schema as JsonSchema;
  const made: MalformedInput[] = [];
  for (const name of root.required ?? []) {
    if (travel.path.includes(name)) continue;
    const { [name]: _, ...rest } = good;
    made.push({ flaw: `${name} is missing`, input: rest });
  }
  made.push({ flaw: 'an unknown member', input: { ...good, surprise_member: 'x' } });
  for (const [name, member] of Object.entries(root.properties ?? {})) {
    const textual = travel.path.includes(name) || !travel.bodied;
    const none = root.required?.includes(name) ? [] : emptiesOf(member).map((value) => JSON.stringify(value));
    for (const [flaw, value] of flawsOf(member, textual).filter(([, value]) => !none.includes(JSON.stringify(value))))
      made.push({ flaw: `${name} ${flaw}`, input: { ...good, [name]: value } });
    if (!textual)
      for (const [flaw, value] of ODD) made.push({ flaw: `${name} ${flaw}`, input: { ...good, [name]: value } });
  }
  if (travel.isNamed)
    for (const dots of ['.', '..']) made.push({ flaw: `the name is ${dots}`, input: { ...good, name: dots } });
  return made;
}

/** Keywords that a refusal has sentences for, or that refuse nothing. */
const TOLD = new Set(
  `type properties required additionalProperties patternProperties items prefixItems anyOf minLength maxLength minItems maxItems
   minProperties maxProperties uniqueItems minimum maximum exclusiveMinimum exclusiveMaximum multipleOf pattern format const enum
   description default examples $id ${FORM}`.split(/\s+/),
);

/** Parts of a schema of which a refusal could not say in words what they want: patterns without any beside them, formats, keywords. */
export function wordless(schema: unknown, path = '#'): string[] {
  if (schema === null || typeof schema !== 'object') return [];
  const found: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    const at = `${path}/${keyword}`;
    if (!TOLD.has(keyword)) found.push(at);
    if ((keyword === 'pattern' || keyword === 'patternProperties') && !(FORM in schema)) found.push(at);
    if (keyword === 'format' && !(String(value) in FORMATS)) found.push(`${at} ${String(value)}`);
    if (keyword === 'properties' || keyword === 'patternProperties')
      for (const [name, member] of Object.entries(value as object)) found.push(...wordless(member, `${at}/${name}`));
    else if (['items', 'additionalProperties'].includes(keyword)) found.push(...wordless(value, at));
    else if (['prefixItems', 'anyOf'].includes(keyword))
      for (const [nth, member] of (value as unknown[]).entries()) found.push(...wordless(member, `${at}/${nth}`));
  }
  return found;
}

/** What no member takes, whatever its schema says. */
const ODD: readonly Flaw[] = [
  ['is nested too deep', JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown],
  ['is made of objects in objects', JSON.parse(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`) as unknown],
  ['has a key __proto__', JSON.parse('{"__proto__": {"isAdmin": true}}') as unknown],
];

/** Empty values that stand for none of a member: of any null and "", of a list [], of an object {}. */
const emptiesOf = ({ type }: JsonSchema): readonly unknown[] => [
  null,
  '',
  ...(type === 'array' ? [[]] : type === 'object' ? [{}] : []),
];

/**
 * Inputs that say nothing but the good one, with every optional member that is not in it given as empty, as clients do that write all they
 * know: one input for null, one for what else is empty. An empty value that the member takes (`takes`) has a meaning and is left out.
 */
export function emptyInputs(
  schema: TSchema,
  good: Readonly<Record<string, unknown>>,
  takes: (member: TSchema, value: unknown) => boolean,
): readonly Readonly<Record<string, unknown>>[] {
  const root = schema as JsonSchema;
  const optional = Object.entries(root.properties ?? {}).filter(
    ([name]) => !root.required?.includes(name) && !(name in good),
  );
  return [0, 1, 2].map((nth) => ({
    ...Object.fromEntries(
      optional.flatMap(([name, member]) => {
        const empties = emptiesOf(member).filter((value) => !takes(member as TSchema, value));
        return empties.length > 0 ? [[name, empties[nth % empties.length]]] : [];
      }),
    ),
    // What a client of the original knows, and we do not.
    unknown_to_us: emptiesOf({ type: 'array' })[nth],
    ...good,
  }));
}

function flawsOf(schema: JsonSchema, textual: boolean): Flaw[] {
  if (schema.enum)
    return [['is none of the words', 'no-such-word'], ...(textual ? [] : wrongTypes([7, {}, ['a'], true]))];
  // A member that null clears.
  const some = schema.anyOf?.find(({ type }) => type !== 'null');
  if (some) return flawsOf(some, textual).filter(([, value]) => value !== null);
  switch (schema.type) {
    case 'string':
      // A URL cannot hold half a surrogate pair.
      return [
        ...stringFlaws(schema),
        ...(textual
          ? []
          : ([
              ...(schema.minLength ? [['is empty', '']] : []),
              ['has an unpaired surrogate', 'a\ud800b'],
              ...wrongTypes([7, null, {}, ['a'], true]),
            ] as Flaw[])),
      ];
    case 'integer':
    case 'number':
      return [
        ['is no number', 'many'],
        ...(schema.type === 'integer' ? [['is a fraction', 1.5] as Flaw] : []),
        ...(schema.minimum === undefined ? [] : [['is too small', schema.minimum - 1] as Flaw]),
        ...(schema.maximum === undefined ? [] : [['is too large', schema.maximum + 1] as Flaw]),
        ...(textual ? [] : wrongTypes([null, {}, [1], '5x'])),
      ];
    case 'boolean':
      return [['is neither true nor false', 'maybe'], ...(textual ? [] : wrongTypes([7, null, {}, 'true']))];
    case 'array': {
      const flaws: Flaw[] = [];
      if (schema.maxItems !== undefined)
        flaws.push(['has too many items', Array.from({ length: schema.maxItems + 1 }, () => 'a=a')]);
      if (schema.minItems !== undefined && !textual)
        flaws.push(['has too few items', Array(schema.minItems - 1).fill('a')]);
      for (const [flaw, item] of schema.items ? flawsOf(schema.items, textual) : [])
        flaws.push([`has an item that ${flaw}`, [item]]);
      if (schema.prefixItems?.[0]?.minLength === 1) flaws.push(['begins with an empty item', ['', 'a']]);
      return [...flaws, ...(textual ? [] : wrongTypes([7, null, {}, 'text']))];
    }
    case 'object': {
      const flaws: Flaw[] = wrongTypes([7, null, ['a'], 'text']);
      if (schema.maxProperties !== undefined) {
        const many = Array.from({ length: schema.maxProperties + 1 }, (_, index) => [`k${index}`, 'v'] as const);
        flaws.push(['has too many members', Object.fromEntries(many)]);
      }
      for (const values of Object.values(schema.patternProperties ?? {}))
        for (const [flaw, value] of flawsOf(values, false)) flaws.push([`has a value that ${flaw}`, { key: value }]);
      for (const pattern of Object.keys(schema.patternProperties ?? {}))
        for (const [flaw, key] of [
          ['is empty', ''],
          ['is too long', longText(10_000)],
        ] as const)
          if (!new RegExp(pattern, 'u').test(key)) flaws.push([`has a key that ${flaw}`, { [key]: 'v' }]);
      flaws.push(['has a key with a NUL', { 'a\u0000b': 'v' }]);
      return flaws;
    }
    default:
      throw new Error(`no flaws are known for ${JSON.stringify(schema)}`);
  }
}

function stringFlaws(schema: JsonSchema): Flaw[] {
  const flaws: Flaw[] = [['has a NUL', 'a\u0000b']];
  if (schema.maxLength !== undefined) flaws.push(['is too long', longText(schema.maxLength + 1)]);
  if (schema.minLength !== undefined && schema.minLength > 1)
    flaws.push(['is too short', longText(schema.minLength - 1)]);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test('   '))
    flaws.push(['is blank', ' '.repeat(Math.max(3, schema.minLength ?? 0))]);
  // A pattern that refuses nothing but a NUL has its flaw above.
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(' ~ \n'))
    flaws.push(['does not fit its pattern', ' ~ \n']);
  if (schema.format !== undefined) flaws.push([`is no ${schema.format}`, 'nothing of the kind']);
  return flaws;
}

const wrongTypes = (values: readonly unknown[]): Flaw[] =>
  values.map((value) => [`is ${JSON.stringify(value)}`, value]);
