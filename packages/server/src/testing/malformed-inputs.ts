import type { TSchema } from 'typebox';

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
  readonly maxProperties?: number;
}

type Flaw = readonly [string, unknown];

/** A word that fits nothing but a free text. */
const longText = (length: number): string => 'a'.repeat(length);

/**
 * All that a schema forbids, one flaw at a time, in an input that is otherwise good. Members that travel in a path or a query are text
 * whatever they are, so only what a text can be wrong in is tried; a member of the path cannot be left out either. Null says that an
 * optional member is left out, and so does "" of a reference: these are no flaws.
 */
export function malformedInputs(
  schema: TSchema,
  good: Readonly<Record<string, unknown>>,
  travel: { readonly path: readonly string[]; readonly bodied: boolean; readonly references?: readonly string[] },
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
    const isLeftOut = (value: unknown) =>
      !root.required?.includes(name) && (value === null || (value === '' && travel.references?.includes(name)));
    for (const [flaw, value] of flawsOf(member, textual).filter(([, value]) => !isLeftOut(value)))
      made.push({ flaw: `${name} ${flaw}`, input: { ...good, [name]: value } });
  }
  return made;
}

function flawsOf(schema: JsonSchema, textual: boolean): Flaw[] {
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
      return [
        ['is no number', 'many'],
        ['is a fraction', 1.5],
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
