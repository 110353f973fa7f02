import { textOf } from '../../sdk/src/text.ts';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { CONFIRM } from './confirm.ts';
import { usage } from './failure.ts';
import type { Invocation, VerbOptions } from './invocation.ts';
import { checkColumns } from './output/print.ts';
import { runVerb } from './run-verb.ts';
import { addValue, readValue } from './table/read-value.ts';
import { actsInTenant, commandOf, type Member, siblingOf, type Verb } from './table/verb.ts';
import { canWait, DEFAULT_WAIT_SECONDS } from './wait.ts';
import type { World } from './world.ts';

const LONGEST_WAIT_SECONDS = 3600;

/** What a verb's command needs. */
export interface VerbDeps {
  readonly world: World;
  readonly verbs: readonly Verb[];
  /** Options given before the name of the service. */
  readonly before: () => VerbOptions;
  /** Runs an action and keeps its exit code. */
  readonly act: (action: () => Promise<number | void>) => Promise<void>;
}

/** How a verb's command differs from the derived one. */
export interface CustomVerb {
  /** Members of the input that get neither a flag nor an argument. */
  readonly without?: readonly string[];
  readonly options?: readonly Option[];
  /** What stands behind the arguments of the operation: one word, or several if it is variadic. */
  readonly words?: Argument;
  /** It prints what the operation answers, and takes the options for that. Default false. */
  readonly shows?: boolean;
  /** The verb may be left out. */
  readonly isDefault?: boolean;
  run(invocation: OwnInvocation): Promise<number | void>;
}

export interface OwnInvocation extends Invocation {
  /** The options of the custom verb, with all others. */
  readonly own: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
}

/** Adds the command of one verb below the command of its service. */
export function addVerbCommand(service: Command, whole: Verb, deps: VerbDeps, custom?: CustomVerb): void {
  const isShown = ({ name }: Member) => !custom?.without?.includes(name);
  const verb = { ...whole, args: whole.args.filter(isShown), flags: whole.flags.filter(isShown) };
  const command = service.command(verb.verb, { isDefault: custom?.isDefault === true }).summary(verb.summary);
  command.description(verb.description ? `${verb.summary}. ${verb.description}` : verb.summary);
  for (const member of verb.args) command.addArgument(argumentOf(member));
  if (custom?.words) command.addArgument(custom.words);
  if (verb.rest) {
    const name = `${verb.rest.name}...`;
    command.addArgument(new Argument(verb.rest.required ? `<${name}>` : `[${name}]`, restHelp(verb.rest)));
    command.usage(
      `${verb.args.map((member) => `<${member.flag}>`).join(' ')} [options] ${verb.rest.required ? `-- <${name}>` : `[-- ${name}]`}`,
    );
  }
  const taken = new Set<string>();
  const members = new Map<Option, Member>();
  for (const member of verb.flags) {
    taken.add(`--${member.flag}`);
    for (const option of optionsOf(member)) {
      command.addOption(option);
      members.set(option, member);
    }
  }
  for (const option of custom?.options ?? []) command.addOption(option);
  // A member's flag wins over a global option with the same name; the global one can still stand before the service.
  const ours = ownOptions(verb, deps.verbs, custom).filter((option) => !taken.has(option.long!));
  for (const option of ours) command.addOption(option);
  if (verb.uses) command.addHelpText('after', `\n${quotaHelp(verb.uses)}`);
  if (verb.permission) command.addHelpText('after', `\nNeeds the permission ${verb.permission}.`);
  command.showHelpAfterError(`See: ${commandOf(verb)} --help`);
  if (verb.args.length > 0) tellWhereWordsGo(command, verb);

  const waits = ours.some((option) => option.long === '--wait');
  command.action(() =>
    deps.act(async () => {
      const given = command.opts<Record<string, unknown>>();
      refuseMissing(command, members);
      const input = readInput(command, verb, members, deps);
      const own = Object.fromEntries(ours.map((option) => [option.attributeName(), given[option.attributeName()]]));
      // A default must not override what stands before the service.
      const known = Object.fromEntries(
        Object.entries(own).filter(
          ([name, value]) => value !== undefined && command.getOptionValueSource(name) !== 'default',
        ),
      );
      const { world, verbs } = deps;
      // --wait without seconds, or a terminal, where somebody looks on.
      if (known.wait === true || (known.wait === undefined && waits && watches(verb, world)))
        known.wait = DEFAULT_WAIT_SECONDS;
      if (known.wait === false) delete known.wait;
      const invocation: Invocation = { world, verbs, verb, input, options: { ...deps.before(), ...known } };
      checkColumns(verb, invocation.options);
      if (custom) {
        const words = custom.words ? [command.processedArgs[verb.args.length] ?? []].flat() : [];
        return custom.run({ ...invocation, own: given, words: words as readonly string[] });
      }
      return runVerb(invocation);
    }),
  );
}

/** Names the quotas, so that a user knows them before a call is refused. */
function quotaHelp(uses: NonNullable<Verb['uses']>): string {
  const quotas = uses.map(({ resource, max, noun }) => `${resource} (${max} ${noun})`);
  return `Counts against the ${quotas.length === 1 ? 'quota' : 'quotas'} ${quotas.join(', ')}. These are the defaults; to see yours: cloud quotas list`;
}

/** Adds a hint to "unknown option": in `exec web sh -c x` the option belongs to the command, in `get -x` it is a name. */
function tellWhereWordsGo(command: Command, verb: Verb): void {
  const { outputError } = command.configureOutput();
  const args = verb.args.map((member) => `<${member.flag}>`).join(' ');
  const name = commandOf(verb);
  const hint = verb.rest
    ? `put a command after --, as in: ${name} ${args} -- <${verb.rest.name}...>\n`
    : `put a name that begins with - after --, as in: ${name} -- ${args}\n`;
  command.configureOutput({
    outputError: (text, write) => {
      outputError?.(text, write);
      if (text.startsWith('error: unknown option') && !text.includes('Did you mean')) write(hint);
    },
  });
}

/** Checked here, because the parser would report a missing flag before a mistyped one. */
function refuseMissing(command: Command, members: ReadonlyMap<Option, Member>): void {
  const given = command.opts<Record<string, unknown>>();
  for (const [option, member] of members) {
    // That one is asked for: see confirm.ts.
    if (member.name === CONFIRM) continue;
    if (member.required && !option.negate && given[option.attributeName()] === undefined)
      command.error(`error: required option '${option.flags}' not specified`);
  }
}

function readInput(
  command: Command,
  verb: Verb,
  members: ReadonlyMap<Option, Member>,
  { world, verbs }: Pick<VerbDeps, 'world' | 'verbs'>,
): Record<string, unknown> {
  const lister = siblingOf(verb, verbs, 'list');
  const given = command.opts<Record<string, unknown>>();
  const input: Record<string, unknown> = actsInTenant(verb) ? { tenant: 'current' } : {};
  for (const [nth, member] of verb.args.entries()) {
    const value: unknown = command.processedArgs[nth];
    if (value === undefined) continue;
    // These would change the path of the request.
    if (verb.path.includes(`:${member.name}`) && typeof value === 'string' && ['', '.', '..'].includes(value))
      throw usage(
        `'${value}' is not an id or a name; see: ${lister ? commandOf(lister) : `${commandOf(verb)} --help`}`,
      );
    input[member.name] = value;
  }
  for (const [option, member] of members) {
    const value = given[option.attributeName()];
    if (value !== undefined) input[member.name] = member.nullable && value === false ? null : value;
  }
  if (!verb.rest) return input;
  const words = commandWords(command, verb, world.argv);
  if (words.extra.length > 0) {
    const name = textOf(input[verb.args[0]?.name ?? ''] ?? '');
    throw usage(
      `'${words.extra.join(' ')}' is unexpected; put a command after --, for example:\n  ${commandOf(verb)} ${name.startsWith('-') ? '-- ' : ''}${name} -- ${[...words.extra, ...words.own].join(' ')}`,
    );
  }
  if (words.own.length > 0) input[verb.rest.name] = words.own;
  return input;
}

/**
 * The words of the command that stands after `--`, and those before it that are too many. Where a name itself stands after `--`, because it
 * begins with `-`, the command stands after another: `exec -- -name -- ls`.
 */
function commandWords(
  command: Command,
  verb: Verb,
  argv: readonly string[],
): { readonly own: readonly string[]; readonly extra: readonly string[] } {
  const words = (command.processedArgs[verb.args.length] ?? []) as readonly string[];
  const dashes = argv.indexOf('--');
  const after = dashes < 0 ? 0 : argv.length - dashes - 1;
  const hasNameAfter = words.length < after;
  if (hasNameAfter && words[0] === '--') return { own: words.slice(1), extra: [] };
  const own = hasNameAfter ? 0 : after;
  return { own: words.slice(words.length - own), extra: words.slice(0, words.length - own) };
}

function argumentOf(member: Member): Argument {
  const variadic = member.shape === 'list' ? '...' : '';
  const argument = new Argument(
    member.required ? `<${member.flag}${variadic}>` : `[${member.flag}${variadic}]`,
    member.description ?? '',
  );
  if (member.choices) argument.choices(member.choices);
  else if (member.shape !== undefined || member.kind !== 'string')
    argument.argParser((text, before) => (variadic ? addValue(member, text, before) : readValue(member, text)));
  return argument;
}

function optionsOf(member: Member): readonly Option[] {
  if (member.kind === 'boolean' && member.shape === undefined) {
    const yes = new Option(`--${member.flag}`, helpOf(member));
    return [yes, new Option(`--no-${member.flag}`).hideHelp()];
  }
  const option = new Option(`--${member.flag} <${placeholder(member)}>`, helpOf(member));
  // Not Option.choices(), which cannot check a list's values one by one.
  option.argParser((text, before) => addValue(member, text, before));
  return member.nullable ? [option, new Option(`--no-${member.flag}`, 'take it away')] : [option];
}

function placeholder(member: Member): string {
  if (member.shape === 'record') return 'key=value';
  if (member.form) return member.form;
  if (member.choices) return member.choices.join('|');
  return { string: 'text', integer: 'n', number: 'n', boolean: 'true|false', json: 'json' }[member.kind];
}

function helpOf(member: Member): string {
  const range = member.min !== undefined && member.max !== undefined ? `${member.min} to ${member.max}` : undefined;
  const notes = [member.required ? 'required' : undefined, range, member.shape ? 'may be repeated' : undefined];
  const note = notes.filter(Boolean).join(', ');
  return [member.form ? undefined : member.description, note ? `(${note})` : undefined].filter(Boolean).join(' ');
}

const restHelp = (member: Member): string => `${member.description ?? 'A command'} (after --)`;

function ownOptions(verb: Verb, verbs: readonly Verb[], custom: CustomVerb | undefined): readonly Option[] {
  const options: Option[] = [];
  if (verb.effect === 'list' && verb.flags.some(({ name }) => name === 'cursor'))
    options.push(new Option('--all', 'every one, page after page'));
  if (!custom && canWait(verb, verbs)) {
    const isDefault = WRITES.includes(verb.effect) ? '; the default on a terminal' : '';
    options.push(
      new Option(
        '--wait [seconds]',
        `wait until it is ${waitGoal(verb)}, by default for ${DEFAULT_WAIT_SECONDS} s${isDefault}`,
      ).argParser(readWait),
      new Option('--no-wait', 'end when the platform has accepted the request').hideHelp(isDefault === ''),
    );
  }
  if (verb.effect === 'delete') options.push(new Option('-y, --yes', 'do not ask'));
  const shown = (!custom || custom.shows === true) && (verb.answer ?? 'json') === 'json';
  const fits = ({ long }: Option) =>
    (shown || !OUTPUT.includes(long!)) && (verb.effect === 'list' || long !== '--sort');
  return [...options, ...globalOptions().filter(fits)];
}

const WRITES = ['create', 'update', 'action', 'delete'];

/** Whether somebody looks on while a change happens: both outputs are terminals. A script that keeps the output does not wait. */
export const watches = (verb: Verb, { stdout, stderr }: World): boolean =>
  WRITES.includes(verb.effect) && stdout.isTTY === true && stderr.isTTY === true;

const waitGoal = (verb: Verb): string => (verb.settles ? verb.settles.values.join(' or ') : 'gone');

export function readWait(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= LONGEST_WAIT_SECONDS) return seconds;
  throw new InvalidArgumentError(`It must be whole seconds from 1 to ${LONGEST_WAIT_SECONDS}.`);
}

const readColumns = (text: string): readonly string[] =>
  text.split(',').map((name) => name.trim().toLowerCase().replaceAll(/[ -]/g, '_'));

/** Options that say how to print. */
export const OUTPUT = ['--output', '--quiet', '--columns', '--no-header', '--sort'];
const GLOBAL = 'Global options:';

/** How a command prints. */
export const outputOptions = (): readonly Option[] => globalOptions().filter((option) => OUTPUT.includes(option.long!));

/** What every command takes. */
export const globalOptions = (): readonly Option[] =>
  [
    new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml', 'name']),
    new Option('-q, --quiet', 'print ids only'),
    new Option('--columns <names>', 'columns of the table, with commas between').argParser(readColumns),
    new Option('--no-header', 'print the table without headings'),
    new Option('--sort <column>', 'sort by a column; -<column> sorts descending'),
    new Option('--context <name>', 'context of the config file (CLOUD_CONTEXT)'),
    new Option('--endpoint <url>', 'address of the platform (CLOUD_ENDPOINT)'),
    new Option('--tenant <id>', 'tenant to act in (CLOUD_TENANT_ID)'),
    new Option('--debug', 'show the HTTP exchange on standard error, without secrets'),
  ].map((option) => option.helpGroup(GLOBAL));
