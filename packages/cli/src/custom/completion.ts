import { Argument, type Command } from 'commander';
import type { VerbDeps } from '../verb-command.ts';

/** The scripts call `cloud`, so completions always match the installed version. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_cloud() {
  local IFS=$'\\n'
  COMPREPLY=($(cloud __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cloud cloud
`,
  zsh: `#compdef cloud
_cloud() {
  local -a found
  found=("\${(@f)$(cloud __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _cloud cloud
`,
  fish: `complete -c cloud -f -a '(cloud __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** `cloud completion SHELL`, and the hidden command that its scripts call. */
export function addCompletion(program: Command, deps: VerbDeps): void {
  program
    .command('completion')
    .summary('Print a completion script')
    .description(
      'Print a script that completes commands and flags in your shell. To install it, run the line for your shell:',
    )
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
bash:  cloud completion bash > ~/.local/share/bash-completion/completions/cloud
zsh:   cloud completion zsh > "\${fpath[1]}/_cloud"
fish:  cloud completion fish > ~/.config/fish/completions/cloud.fish`,
    )
    .action((shell: string) => deps.act(async () => void deps.world.stdout.write(SCRIPTS[shell]!)));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      deps.act(
        async () =>
          void deps.world.stdout.write(
            complete(program, words)
              .map((word) => `${word}\n`)
              .join(''),
          ),
      ),
    );
}

/** Completions of the last word. */
export function complete(program: Command, words: readonly string[]): readonly string[] {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.includes('--')) return [];
  // `help` takes the same words as the command line without it.
  if (before[0] === 'help') before.shift();
  let command = program;
  for (const word of before) command = command.commands.find((one) => one.name() === word) ?? command;
  const asked = command.options.find(({ long, short }) => before.length > 0 && [long, short].includes(before.at(-1)));
  const candidates =
    asked?.argChoices ??
    // A flag with a free value.
    (asked?.required
      ? []
      : last.startsWith('-')
        ? command.options
            .filter((option) => !option.hidden)
            .map((option) => option.long!)
            .concat('--help')
        : command.commands.length > 0
          ? command.commands.filter((one) => !one.name().startsWith('__')).map((one) => one.name())
          : (command.registeredArguments[0]?.argChoices ?? []));
  return candidates.filter((candidate) => candidate.startsWith(last));
}
