/** The part of JSON Schema that the operations use. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** What the pattern says, in words. */
  readonly 'x-form'?: string;
}

export interface Schemas {
  readonly input: Schema;
  readonly output: Schema;
  readonly cli?: unknown;
}

let loaded: Promise<Readonly<Record<string, Schemas>>> | undefined;

/** The schemas of all operations, loaded once, when the first page needs them. */
export const loadSchemas = (): Promise<Readonly<Record<string, Schemas>>> =>
  (loaded ??= import('virtual:schemas').then((module) => module.default));
