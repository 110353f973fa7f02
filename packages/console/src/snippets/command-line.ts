import { textOf } from '../../../sdk/src/text.ts';
import { describeVerbs } from '../../../cli/src/table/describe-verbs.ts';
import { actsInTenant, type Member, type Verb, wordsOf } from '../../../cli/src/table/verb.ts';
import { requestOf } from './request.ts';
import { command, quoted } from './shell.ts';
import { Hole, type Input, shownInput, type SnippetOperation, tenantOf, type Where } from './shown-input.ts';

/** Operations that another command calls than the one named after them. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'auth.register': ['register'],
  'auth.login': ['login'],
  'auth.logout': ['logout'],
  'events.stream': ['events', 'list', '--follow'],
  'instances.terminal': ['instances', 'exec', '-it'],
};
/** Members for which a hand-written command has no flag. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'auth.register': ['email', 'name'],
  'auth.login': ['email'],
  'events.stream': ['after'],
  'instances.exec': ['stdin', 'stdin_encoding'],
  'instances.terminal': ['tty', 'rows', 'cols', 'term'],
};

/** Operations for many, which no command is named after. */
const NO_COMMAND = ['queues.sendBatch', 'queues.deleteMessages', 'queues.changeVisibilities'];

/** The call as a `cloud` command. What its flags cannot say is sent by `cloud api`. */
export function commandLineOf(operation: SnippetOperation, given: Input, where: Where): string {
  const input = shownInput(operation, given);
  const [verb] = describeVerbs([operation]);
  const tenant = tenantOf(operation, where);
  const inTenant = tenant === undefined ? [] : [`--tenant ${quoted(tenant)}`];
  const flags = flagsOf(verb!, input, operation.secrets ?? []);
  const isStandardInput = operation.name === 'queues.send' && input['body'] === '-';
  const args = verb!.args.filter(({ name }) => input[name] !== undefined).map(({ name }) => textIn(input[name]));
  if (
    flags === undefined ||
    isStandardInput ||
    NO_COMMAND.includes(operation.name) ||
    (actsInTenant(verb!) && input['tenant'] !== 'current')
  )
    return anyRequest(operation, input, inTenant);
  const words = ['cloud', ...(ELSEWHERE[operation.name] ?? wordsOf(verb!))];
  const rest = restOf(operation.name, verb!, input);
  const behind = rest.length > 0 ? [['--', ...rest.map(quoted)].join(' ')] : [];
  // Behind --, a word that begins with - is no flag.
  if (args.some((word) => word.startsWith('-')))
    return command([words.join(' '), ...flags, ...inTenant, ['--', ...args.map(quoted)].join(' '), ...behind]);
  return command([[...words, ...args.map(quoted)].join(' '), ...flags, ...inTenant, ...behind]);
}

/** The words behind `--`. */
function restOf(name: string, { rest }: Verb, input: Input): readonly string[] {
  if (name === 'instances.terminal') return ['sh'];
  const words = rest === undefined ? undefined : (input[rest.name] as readonly unknown[] | undefined);
  return (words ?? []).map(String);
}

/** Undefined: a flag cannot say one of the values. */
function flagsOf(verb: Verb, input: Input, secrets: readonly string[]): readonly string[] | undefined {
  const parts: string[] = [];
  for (const member of verb.flags) {
    const value = input[member.name];
    if (value === undefined || WITHOUT[verb.name]?.includes(member.name)) continue;
    // A hand-written command asks for them.
    if (verb.custom && secrets.includes(member.name)) continue;
    const words =
      verb.name === 'queues.send' && member.name === 'attributes' ? attributeWords(value) : wordsFor(member, value);
    if (words === undefined) return undefined;
    parts.push(...words);
  }
  return parts;
}

/** `--attribute size:Number=5`. Undefined: one that the flag cannot say. */
function attributeWords(attributes: unknown): readonly string[] | undefined {
  const entries = Object.entries(attributes as Readonly<Record<string, { type: string; value: string }>>);
  if (entries.some(([, { type, value }]) => type.includes('=') || value === '')) return undefined;
  return entries.map(([name, { type, value }]) =>
    wordOfFlag('--attribute', `${name}${type === 'String' ? '' : `:${type}`}=${value}`),
  );
}

/** Behind =, a word that begins with - is no flag. */
const wordOfFlag = (flag: string, text: string): string =>
  text.startsWith('-') || text === '' ? `${flag}=${quotedTail(text)}` : `${flag} ${quoted(text)}`;

function wordsFor(member: Member, value: unknown): readonly string[] | undefined {
  const flag = `--${member.flag}`;
  const one = (text: string) => wordOfFlag(flag, text);
  if (member.shape === 'list')
    return Array.isArray(value) && value.length > 0 ? value.map((item) => one(wordOf(member, item))) : undefined;
  if (member.shape === 'record') {
    const entries = Object.entries(value as object);
    // The first = ends the key.
    if (entries.length === 0 || entries.some(([key]) => key === '' || key.includes('='))) return undefined;
    return entries.map(([key, item]) => one(`${key}=${wordOf(member, item)}`));
  }
  if (typeof value === 'boolean') return [value ? flag : `--no-${member.flag}`];
  return [one(wordOf(member, value))];
}

const wordOf = (member: Member, value: unknown): string =>
  member.kind === 'json' && !(value instanceof Hole) ? JSON.stringify(value) : textIn(value);

const textIn = (value: unknown): string => (value instanceof Hole ? value.toString() : textOf(value));

const quotedTail = (text: string): string => (text === '' ? "''" : quoted(text));

function anyRequest(operation: SnippetOperation, input: Input, inTenant: readonly string[]): string {
  const { path, body } = requestOf(operation, input);
  const data = body === undefined ? [] : [`--data ${quoted(body)}`];
  return command([`cloud api ${operation.method} ${quoted(path)}`, ...data, ...inTenant]);
}
