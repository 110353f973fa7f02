import type { JsonSchema } from './described.ts';

/** Collects the schemas that have a name, so that each is written once. */
export type Models = Map<string, JsonSchema>;

/** A member's docstring, as lines without indentation. */
export function docLines(text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  const lines = text.replaceAll('*/', '*\\/').split('\n');
  return lines.length === 1 ? [`/** ${lines[0]} */`] : ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'];
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** TypeScript text of a schema. Named schemas become references and land in `models`. */
export function typeOf(schema: JsonSchema, models: Models, optional: 'input' | 'output', indent = ''): string {
  if (schema.$id !== undefined) {
    const known = models.get(schema.$id);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema))
      throw new Error(`two different schemas have the name ${schema.$id}`);
    models.set(schema.$id, schema);
    return schema.$id;
  }
  if (schema.anyOf) return unique(schema.anyOf.map((one) => typeOf(one, models, optional, indent)));
  if (schema.enum) return unique(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array': {
      const item = typeOf(schema.items ?? {}, models, optional, indent);
      return /^\w+$/.test(item) ? `readonly ${item}[]` : `ReadonlyArray<${item}>`;
    }
    case 'object':
      return objectType(schema, models, optional, indent);
    default:
      return 'unknown';
  }
}

const unique = (types: readonly string[]): string => [...new Set(types)].join(' | ') || 'never';

function objectType(schema: JsonSchema, models: Models, optional: 'input' | 'output', indent: string): string {
  if (schema.properties) return `{\n${members(schema, models, optional, `${indent}  `)}${indent}}`;
  const values = schema.patternProperties
    ? Object.values(schema.patternProperties)[0]
    : typeof schema.additionalProperties === 'object'
      ? schema.additionalProperties
      : undefined;
  return `Readonly<Record<string, ${values ? typeOf(values, models, optional, indent) : 'unknown'}>>`;
}

/** The members of an object, one a line. What a caller may leave out may also be undefined. */
export function members(schema: JsonSchema, models: Models, optional: 'input' | 'output', indent = '  '): string {
  let text = '';
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    for (const line of docLines(member.description)) text += `${indent}${line}\n`;
    const needed = schema.required?.includes(name) ?? false;
    const type = typeOf(member, models, optional, indent) + (!needed && optional === 'input' ? ' | undefined' : '');
    text += `${indent}readonly ${IDENTIFIER.test(name) ? name : JSON.stringify(name)}${needed ? '' : '?'}: ${type};\n`;
  }
  return text;
}
