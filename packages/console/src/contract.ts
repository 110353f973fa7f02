import type { DescribedOperation, JsonSchema } from '../../sdk/src/generator/described.ts';

/** The types of `api/console.json`. */
export type * from '../../server/src/kernel/described-console.ts';

/** What forms read of an input's schema and pages of an output's. */
export interface ConsoleSchema extends Omit<JsonSchema, 'anyOf' | 'items' | 'properties' | 'patternProperties'> {
  readonly anyOf?: readonly ConsoleSchema[];
  readonly items?: ConsoleSchema;
  readonly prefixItems?: readonly ConsoleSchema[];
  readonly properties?: Readonly<Record<string, ConsoleSchema>>;
  readonly patternProperties?: Readonly<Record<string, ConsoleSchema>>;
  readonly pattern?: string;
  /** What the pattern wants, in words that follow "must be". */
  readonly 'x-form'?: string;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxProperties?: number;
  readonly examples?: readonly unknown[];
}

/** An operation of `api/operations.json`. */
export interface ConsoleOperation extends Omit<DescribedOperation, 'input' | 'output'> {
  readonly input: ConsoleSchema;
  readonly output: ConsoleSchema;
  /** Members of the output that no later answer shows: a new key. */
  readonly shownOnce?: readonly string[];
}
