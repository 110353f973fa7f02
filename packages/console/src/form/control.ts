import type { Schema } from '../api/schema.ts';

/** How a form asks for a member. */
export type Control =
  | { readonly kind: 'reference' | 'references'; readonly of: string }
  | { readonly kind: 'choice' | 'choices'; readonly choices: readonly (string | number)[] }
  | { readonly kind: 'members'; readonly members: Readonly<Record<string, Schema>> }
  | { readonly kind: 'flag' | 'number' | 'time' | 'lines' | 'pairs' | 'secret' | 'long' | 'text' };

export interface Asked {
  /** What the operation says that the member names. */
  readonly reference?: string | undefined;
  readonly secret: boolean;
}

/** Longest text in characters that fits into one line. */
const ONE_LINE = 400;

/** The schema without `null`, and whether null is allowed beside it. */
export function plainOf(schema: Schema): { readonly schema: Schema; readonly nullable: boolean } {
  const { anyOf, ...rest } = schema;
  if (!anyOf) return { schema, nullable: false };
  const others = anyOf.filter(({ type }) => type !== 'null');
  const nullable = others.length < anyOf.length;
  return others.length === 1 ? { schema: { ...others[0], ...rest }, nullable } : { schema, nullable };
}

function choicesOf(schema: Schema): readonly (string | number)[] | undefined {
  const found = schema.enum ?? schema.anyOf?.flatMap((one) => (one.type === 'null' ? [] : [one.const]));
  return found && found.length > 0 && found.every((one) => typeof one === 'string' || typeof one === 'number')
    ? (found as readonly (string | number)[])
    : undefined;
}

/** The control of a member by its schema. Undefined: there is none yet for its shape; a test finds it. */
export function controlOf(given: Schema, { reference, secret }: Asked): Control | undefined {
  const { schema } = plainOf(given);
  const choices = choicesOf(schema);
  if (choices) return { kind: 'choice', choices };
  switch (schema.type) {
    case 'boolean':
      return { kind: 'flag' };
    case 'integer':
    case 'number':
      return { kind: 'number' };
    case 'string':
      if (reference !== undefined) return { kind: 'reference', of: reference };
      if (schema.format === 'date-time') return { kind: 'time' };
      if (secret) return { kind: 'secret' };
      return { kind: (schema.maxLength ?? 0) > ONE_LINE ? 'long' : 'text' };
    case 'array': {
      const { schema: items } = plainOf(schema.items ?? {});
      const several = choicesOf(items);
      if (several) return { kind: 'choices', choices: several };
      if (items.type !== 'string') return undefined;
      return reference === undefined ? { kind: 'lines' } : { kind: 'references', of: reference };
    }
    case 'object': {
      if (schema.properties) return membersControl(schema.properties);
      const values = Object.values(schema.patternProperties ?? {});
      const one =
        values[0] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
      return (one as Schema | undefined)?.type === 'string' ? { kind: 'pairs' } : undefined;
    }
    default:
      return undefined;
  }
}

/** The members of an object are asked for like those of the input, if each has a control. */
const membersControl = (members: Readonly<Record<string, Schema>>): Control | undefined =>
  Object.values(members).every((one) => controlOf(one, { secret: false })) ? { kind: 'members', members } : undefined;
