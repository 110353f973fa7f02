import type { Command, Option } from 'commander';
import { EXIT_MEANINGS } from '../failure.ts';
import { VERSION } from '../version.ts';

/** Text for troff: a backslash, and a dot or an apostrophe at the beginning of a line, would be instructions; `\-` is a minus to copy. */
const escape = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '')
    .replaceAll(/^([.'])/gm, '\\&$1')
    .replaceAll(/\P{ASCII}/gu, (char) => `\\[u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);

const bold = (text: string): string => `\\fB${escape(text)}\\fR`;

/** A paragraph with a tag before it. */
const tagged = (tag: string, text: string): string => `.TP\n${bold(tag)}\n${escape(text)}\n`;

const section = (title: string, body: string): string => (body === '' ? '' : `.SH ${title}\n${body}`);

/** A manual page in the format of man(7). `words` lead to the command: `['instances']`. The same command gives the same text. */
export function manualPage(command: Command, words: readonly string[]): string {
  const name = ['cloud', ...words].join('-');
  const line = ['cloud', ...words].join(' ');
  const below = command.commands.filter((one) => !one.name().startsWith('__'));
  // A group has a page of its own; its verbs are not built here.
  const isGroup = (one: Command) => /^<(verb|resource)>/.test(one.usage());
  const verbs = below.filter((one) => !isGroup(one));
  const groups = below.filter(isGroup);
  return [
    `.TH ${bold(name.toUpperCase())} 1 "" "The Cloud ${VERSION}" "The Cloud"\n`,
    section(
      'NAME',
      `${escape(name)} \\- ${escape(words.length === 0 ? 'command line of The Cloud' : command.summary() || command.description())}\n`,
    ),
    section('SYNOPSIS', `${bold(line)} ${escape(command.usage())}\n`),
    section('DESCRIPTION', `${escape(command.description())}\n`),
    section('OPTIONS', optionsOf(command.options)),
    section('COMMANDS', verbs.map((one) => verbPage(one, line)).join('')),
    section('SEE ALSO', seeAlso(groups, line)),
    section('ENVIRONMENT', words.length === 0 ? ENVIRONMENT.map(([tag, text]) => tagged(tag, text)).join('') : ''),
    section('FILES', words.length === 0 ? tagged('~/.config/thecloud/config.json', FILES) : ''),
    section('EXIT STATUS', EXIT_MEANINGS.map(([code, meaning]) => tagged(String(code), meaning)).join('')),
  ].join('');
}

function verbPage(verb: Command, line: string): string {
  const args = verb.registeredArguments
    .filter((argument) => argument.description !== '')
    .map((argument) => tagged(argument.name(), argument.description))
    .join('');
  return [
    `.SS ${bold(`${line} ${verb.name()}`)}\n`,
    `${bold(`${line} ${verb.name()}`)} ${escape(verb.usage())}\n.PP\n${escape(verb.description())}\n`,
    args,
    // The page lists the global ones once, and they are the same everywhere.
    optionsOf(verb.options.filter((option) => option.helpGroupHeading === undefined)),
  ].join('');
}

const optionsOf = (options: readonly Option[]): string =>
  options
    .filter((option) => !option.hidden)
    .map((option) => tagged(option.flags, option.description || option.flags))
    .join('');

const seeAlso = (commands: readonly Command[], line: string): string =>
  commands.map((one) => tagged(`${line.replaceAll(' ', '-')}-${one.name()}`, one.summary())).join('');

const FILES = 'contexts: for each the address of a platform, a key and a tenant. Only you can read it.';

const ENVIRONMENT = [
  ['CLOUD_CONTEXT', 'the context to use, in place of the active one'],
  ['CLOUD_ENDPOINT', 'the address of the platform'],
  ['CLOUD_API_KEY', 'the API key'],
  ['CLOUD_TENANT_ID', 'the tenant to act in'],
  ['XDG_CONFIG_HOME', 'the folder of the config file, by default ~/.config'],
  ['NO_COLOR', 'turns colours off, whatever its value'],
] as const;
