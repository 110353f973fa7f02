/** An operation as `api/operations.json` has it, as far as generators of clients look at it. */
export interface DescribedOperation {
  /** `instances.launch` */
  readonly name: string;
  readonly service: string;
  readonly verb: string;
  readonly resource: string;
  readonly summary: string;
  readonly description?: string;
  readonly effect: string;
  readonly scope: string;
  readonly permission?: string;
  readonly uses?: readonly { readonly resource: string; readonly max: number; readonly noun: string }[];
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly pathParams: readonly string[];
  readonly input: object;
  readonly output: object;
  readonly target?: { readonly kind: string; readonly param: string };
  readonly references?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly shownOnce?: readonly string[];
  readonly idempotent: boolean;
  readonly settles?: { readonly field: string; readonly values: readonly string[] } | undefined;
  readonly live?: boolean;
  readonly answer?: 'json' | 'text' | 'stream' | 'socket' | 'events';
  /** The content types of a download. */
  readonly content?: readonly string[];
  readonly cli?: 'custom' | CliFacet | undefined;
  readonly errors?: readonly string[];
}

/** What the command line cannot know from the schemas. */
export interface CliFacet {
  readonly custom?: boolean;
  readonly args?: readonly string[];
  readonly columns?: readonly string[];
  readonly rest?: string;
  readonly forms?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string>>;
  readonly description?: string;
}

/** What we use of JSON Schema. */
export interface JsonSchema {
  readonly $id?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** `instance-types` → `instanceTypes` */
export const camel = (word: string): string =>
  word.replaceAll(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());

/** `instance-types` → `InstanceTypes` */
export const pascal = (word: string): string => camel(word).replace(/^\w/, (letter) => letter.toUpperCase());
