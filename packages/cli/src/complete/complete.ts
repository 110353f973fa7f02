import type { Command, Option } from 'commander';
import { contextNamed, readConfig } from '../session/config-file.ts';
import type { GlobalOptions } from '../session/session.ts';
import { commandOf, type Member, type Verb } from '../table/verb.ts';
import type { VerbDeps } from '../verb-command.ts';
import { liveNames } from './live-names.ts';

/** A line break or a control character would be read as two words, or move the cursor. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f]/;

/** What can stand for the last word: commands, flags, choices, and the names of resources. */
export async function complete(program: Command, deps: VerbDeps, typed: readonly string[]): Promise<readonly string[]> {
  // bash gives `--flag=value` as three words.
  const last = typed.at(-1) === '=' ? '' : (typed.at(-1) ?? '');
  const before = typed.slice(0, -1).filter((word) => word !== '=');
  if (before.includes('--')) return [];
  // `help` takes the same words as the command line without it.
  if (before[0] === 'help') before.shift();
  const place = readLine(program, before);
  const candidates = await candidatesAt(place, last, deps);
  return candidates.filter((candidate) => candidate.startsWith(last) && !UNSAFE.test(candidate));
}

/** Where the cursor stands. */
interface Place {
  readonly command: Command;
  /** `cloud instances get` */
  readonly line: string;
  /** Words that stand for arguments. */
  readonly args: readonly string[];
  /** The option whose value comes next. */
  readonly asked: Option | undefined;
  readonly options: GlobalOptions;
}

function readLine(program: Command, words: readonly string[]): Place {
  let command = program;
  let line = 'cloud';
  const args: string[] = [];
  let asked: Option | undefined;
  const given: Record<string, string> = {};
  for (const word of words) {
    if (asked !== undefined) {
      given[asked.attributeName()] = word;
      asked = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => [long, short].includes(word));
      if (option?.required) asked = option;
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) args.push(word);
    else [command, line] = [next, `${line} ${word}`];
  }
  return { command, line, args, asked, options: given };
}

async function candidatesAt(place: Place, last: string, deps: VerbDeps): Promise<readonly string[]> {
  const { command, asked, args, line } = place;
  const named = (words: string) => deps.verbs.find((one) => commandOf(one) === words);
  const own = named(line);
  if (asked !== undefined) return valuesOf(place, asked, own, deps);
  if (last.startsWith('-'))
    return command.options.flatMap((option) => (option.hidden ? [] : [option.long!])).concat('--help');
  if (command.commands.length > 0) return visible(command);
  if (line === 'cloud context use' || line === 'cloud context delete') return contexts(deps);
  const argument = command.registeredArguments[args.length];
  if (argument?.argChoices) return argument.argChoices;
  // A command beside the verbs that takes an id takes what `get` takes.
  const verb = own ?? named(line.replace(/ \S+$/, ' get'));
  const member = verb?.args[args.length];
  return member && (own ?? argument?.name() === member.flag)
    ? liveNames(deps, verb!, member, { ...place.options }, args)
    : [];
}

async function valuesOf(
  place: Place,
  option: Option,
  verb: Verb | undefined,
  deps: VerbDeps,
): Promise<readonly string[]> {
  if (option.argChoices) return option.argChoices;
  if (option.long === '--context') return contexts(deps);
  const member: Member | undefined = verb?.flags.find(({ flag }) => `--${flag}` === option.long);
  if (member === undefined)
    return ['--columns', '--sort'].includes(option.long!) ? (verb?.fields ?? verb?.columns ?? []) : [];
  return member.choices ?? liveNames(deps, verb!, member, place.options, place.args);
}

const visible = (command: Command): readonly string[] =>
  command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));

function contexts({ world }: VerbDeps): readonly string[] {
  const config = readConfig(world);
  return Object.keys(config.contexts).filter((name) => contextNamed(config, name));
}
