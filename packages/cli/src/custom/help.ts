import type { Command } from 'commander';
import { usage } from '../failure.ts';
import { closest } from '../table/closest.ts';
import { ADMIN } from '../table/verb.ts';
import type { VerbDeps } from '../verb-command.ts';

/** `cloud help instances launch` prints the same as `cloud instances launch --help`. */
export function addHelp(program: Command, deps: VerbDeps): void {
  program
    .command('help')
    .summary('Show help')
    .description('Show help for all commands, a resource, a verb or a command.')
    .argument('[words...]', 'for example: cloud help instances launch')
    .action((words: string[]) => deps.act(async () => findCommand(program, words).outputHelp()));
}

/** The command that words lead to. Throws Failure with the nearest word. */
export function findCommand(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const [nth, word] of words.entries()) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined)
      throw usage(
        `unknown command '${word}'.${didYouMean(command, word)} See: ${['cloud help', ...words.slice(0, nth)].join(' ')}`,
      );
    command = next;
  }
  return command;
}

function didYouMean(command: Command, word: string): string {
  const hint = closest(
    word,
    command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__')),
  );
  return hint === undefined ? '' : ` Did you mean '${hint}'?`;
}

/** `cloud instances help launch` is `cloud help instances launch`, and `cloud admin quotas help set` is `cloud help admin quotas set`. */
export function moveHelp(argv: readonly string[], services: readonly string[]): readonly string[] {
  const at = argv.indexOf('help');
  const before = argv.slice(0, at);
  const isGroup = before[0] === ADMIN;
  const fits =
    at > 0 && at <= (isGroup ? 2 : 1) && before.slice(isGroup ? 1 : 0).every((word) => services.includes(word));
  return fits ? ['help', ...before, ...argv.slice(at + 1)] : argv;
}
