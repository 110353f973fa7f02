import type { TSchema } from 'typebox';

/** What the validator found wrong. */
export interface Problem {
  readonly keyword: string;
  /** `#/properties/name` */
  readonly schemaPath: string;
  /** `/labels/a~1b` */
  readonly instancePath: string;
  readonly params: Params;
}

/** Of the keywords that have any. */
interface Params {
  readonly requiredProperties?: readonly string[];
  readonly additionalProperties?: readonly string[];
  readonly type?: string;
  readonly limit?: number;
  readonly multipleOf?: number;
  readonly format?: string;
  readonly allowedValue?: unknown;
  readonly allowedValues?: readonly unknown[];
}

/**
 * Beside a `pattern`: what it wants, in words that follow "must be": `letters and digits`. Beside `patternProperties`: what its keys must be.
 */
export const FORM = 'x-form';

/** Part of a JSON schema, as far as sentences need it. */
interface Node {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly patternProperties?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly [FORM]?: string;
}

/** Longest piece of a wrong value, or of a path in an input, that an error shows. */
const QUOTED = 60;
/** Most unknown members that an error quotes. */
const MOST_QUOTED = 5;
/** Most things that one refusal tells. */
const MOST_TOLD = 3;

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** What a format wants. */
export const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID such as 01900000-0000-7000-8000-000000000000',
  'date-time': 'a time such as 2026-01-02T03:04:05Z',
};

/** A value as an error shows it: cut, on one line, and whatever it is. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return cut(`'${value}'`);
  // JSON has no Infinity.
  return cut(typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing'));
}

/** The beginning of a text that may be of any length. */
export const cut = (text: string): string => (text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text).toWellFormed();

/** How a thing that has several parts is named: `a, b or c`. */
const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;

const count = (limit: number | undefined, noun: string): string => `${limit ?? 0} ${noun}${limit === 1 ? '' : 's'}`;
const are = (limit: unknown): string => (limit === 1 ? 'is' : 'are');

/** Characters of a text; of a long one, which nobody counts to the last, its code units. */
const lengthOf = (text: string): number => (text.length > 10_000 ? text.length : Array.from(text).length);

const plainKey = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

/** The member at a path of the validator's, in the notation of people: `labels.a/b`. */
const nameAt = (path: string): string =>
  cut(
    path
      .split('/')
      .slice(1)
      .map((key) => plainKey(key))
      .join('.'),
  );

/** The path of the object, and the key of its member. */
function splitPath(path: string): readonly [string, string] {
  const cut = path.lastIndexOf('/');
  return [path.slice(0, cut), plainKey(path.slice(cut + 1))];
}

function valueAt(input: unknown, path: string): unknown {
  let value = input;
  for (const key of path.split('/').slice(1)) {
    const name = plainKey(key);
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The part of the schema at a path. Keys may hold slashes, patterns among them, so the longest that fits is taken. */
function nodeAt(schema: unknown, path: string): Node {
  let node = schema;
  let rest = path.replace(/^#\/?/, '');
  while (rest !== '' && node !== null && typeof node === 'object') {
    const key = Object.keys(node)
      .filter((one) => rest === one || rest.startsWith(`${one}/`))
      .sort((a, b) => b.length - a.length)[0];
    if (key === undefined) break;
    node = (node as Record<string, unknown>)[key];
    rest = rest.slice(key.length + 1);
  }
  return (node ?? {}) as Node;
}

/** What is wrong with an input, in sentences: where, the value, and what would be right. Values of secrets are not shown. */
export function tellProblems(
  schema: TSchema,
  input: unknown,
  problems: readonly Problem[],
  secrets: ReadonlySet<string>,
): string {
  const told = new Set<string>();
  for (const problem of withoutBranches(problems)) {
    told.add(tell(problem, { schema, input, problems, secrets }));
    if (told.size === MOST_TOLD) break;
  }
  return [...told].join('; ');
}

interface Context {
  readonly schema: unknown;
  readonly input: unknown;
  /** All of them, those of a union's branches too. */
  readonly problems: readonly Problem[];
  readonly secrets: ReadonlySet<string>;
}

/** Without what is wrong with each branch of a union, which the union itself tells, and without what only repeats its neighbour. */
function withoutBranches(problems: readonly Problem[]): readonly Problem[] {
  const unions = problems.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => `${schemaPath}/anyOf/`);
  const isInUnion = ({ schemaPath }: Problem) => unions.some((union) => schemaPath.startsWith(union));
  const told = problems.filter((problem) => problem.keyword !== 'boolean' && !isInUnion(problem));
  return told.length > 0 ? told : problems.slice(0, 1);
}

function tell(problem: Problem, context: Context): string {
  const { keyword, instancePath, schemaPath, params } = problem;
  const name = nameAt(instancePath);
  const node = nodeAt(context.schema, schemaPath);
  const value = valueAt(context.input, instancePath);
  const isSecret = context.secrets.has(name.split('.')[0]!);
  const subject = name || 'the input';
  /** `size 10`; a secret's value is left out. */
  const shown = isSecret ? subject : `${subject} ${quote(value)}`;
  /** `not 5`, where that is no secret. */
  const not = (what: string): string => (isSecret ? '' : `, not ${what}`);
  switch (keyword) {
    case 'required': {
      const missing = params.requiredProperties!.map((key) => (name ? `${name}.${key}` : key));
      return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} required`;
    }
    case 'additionalProperties':
      return tellUnknown(name, params.additionalProperties!, node);
    case 'boolean': {
      // One for each unknown member; where they are very many, the one for all of them is not told.
      const [parent, key] = splitPath(instancePath);
      return tellUnknown(
        nameAt(parent),
        [key],
        nodeAt(context.schema, schemaPath.replace(/\/additionalProperties$/, '')),
      );
    }
    case 'type':
      return `${subject} must be ${TYPES[params.type!]}${not(quote(value))}`;
    case 'minLength':
      if (params.limit === 1) return `${subject} must not be empty`;
      return `${shown} is too short: at least ${count(params.limit, 'character')} are required`;
    case 'maxLength':
      return `${shown} is too long: at most ${count(params.limit, 'character')} ${are(params.limit)} allowed${not(String(lengthOf(value as string)))}`;
    case 'minItems':
      return `${subject}: at least ${count(params.limit, 'item')} ${are(params.limit)} required`;
    case 'maxItems':
      return `${subject}: at most ${count(params.limit, 'item')} ${are(params.limit)} allowed${not(String((value as unknown[]).length))}`;
    case 'minProperties':
      return `${subject}: at least ${count(params.limit, 'member')} ${are(params.limit)} required`;
    case 'maxProperties':
      return `${subject}: at most ${count(params.limit, 'member')} ${are(params.limit)} allowed${not(String(Object.keys(value as object).length))}`;
    case 'uniqueItems':
      return `${subject}: each item may occur only once`;
    case 'minimum':
    case 'maximum':
      return `${shown} must be ${range(node)}`;
    case 'exclusiveMinimum':
      return `${shown} must be more than ${params.limit}`;
    case 'exclusiveMaximum':
      return `${shown} must be less than ${params.limit}`;
    case 'multipleOf':
      return `${shown} must be a multiple of ${params.multipleOf}`;
    case 'pattern':
      return `${shown} must be ${wordsBeside(node)}`;
    case 'format':
      return `${shown} must be ${FORMATS[params.format!]}`;
    case 'const':
      return `${shown} must be ${quote(params.allowedValue)}`;
    case 'enum':
      return `${shown} must be ${either(params.allowedValues!.map(quote))}`;
    case 'anyOf':
      return tellUnion(problem, context, shown);
    default:
      // A schema of ours has none of these: a test goes over all that there are.
      return `${shown} is not valid`;
  }
}

const wordsBeside = (node: Node): string => node[FORM] ?? 'of another form';

function range({ minimum, maximum }: Node): string {
  if (minimum === undefined) return `at most ${maximum}`;
  if (maximum === undefined) return `${minimum} or more`;
  return `from ${minimum} to ${maximum}`;
}

function tellUnknown(name: string, extra: readonly string[], node: Node): string {
  const shown = extra.slice(0, MOST_QUOTED).map(quote).join(', ');
  if (node.patternProperties !== undefined)
    return `${name || 'the input'}: the key ${shown} must be ${wordsBeside(node)}`;
  const known = Object.keys(node.properties ?? {});
  const hint = known.length > 0 ? `known are ${known.join(', ')}` : 'there are none here';
  return `unknown member ${shown}${name ? ` of ${name}` : ''}; ${hint}`;
}

/** What a union wants: one of its values, the branch that its discriminator names, or one of its types. */
function tellUnion({ schemaPath, instancePath }: Problem, context: Context, shown: string): string {
  const prefix = `${schemaPath}/anyOf/`;
  const branches = new Map<string, Problem[]>();
  for (const problem of context.problems) {
    if (!problem.schemaPath.startsWith(prefix)) continue;
    const branch = problem.schemaPath.slice(prefix.length).split('/')[0]!;
    branches.set(branch, [...(branches.get(branch) ?? []), problem]);
  }
  const all = [...branches.values()];
  // Those whose type and constants fit: of several, what none can do without is missing.
  const meant = all.filter((problems) =>
    problems.every(
      ({ keyword, ...one }) => keyword !== 'const' && (keyword !== 'type' || one.instancePath !== instancePath),
    ),
  );
  if (meant.length > 0) return tellMeant(meant, context);
  const constants = all.map((problems) => problems.find(({ keyword }) => keyword === 'const'));
  const [first] = constants;
  if (first && constants.every((one) => one?.instancePath === first.instancePath)) {
    const allowed = constants.map((one) => one!.params.allowedValue);
    const problem = { ...first, keyword: 'enum', params: { allowedValues: allowed } };
    return tell(problem, context);
  }
  const types = all
    .flat()
    .filter((one) => one.keyword === 'type' && one.instancePath === instancePath)
    .map((one) => TYPES[one.params.type!]!);
  return `${shown} must be ${either([...new Set(types)])}`;
}

function tellMeant(branches: readonly (readonly Problem[])[], context: Context): string {
  const missingOf = (problems: readonly Problem[]): readonly string[] =>
    problems.flatMap((one) => (one.keyword === 'required' ? one.params.requiredProperties! : []));
  const [first, ...others] = branches;
  const inAll = missingOf(first!).filter((name) => others.every((problems) => missingOf(problems).includes(name)));
  const [problem] = withoutBranches(first!);
  if (others.length === 0 || inAll.length === 0) return tell(problem!, { ...context, problems: first! });
  return tell({ ...problem!, keyword: 'required', params: { requiredProperties: inAll } }, context);
}
