import { Argument, type Command } from 'commander';
import { complete } from '../complete/complete.ts';
import type { VerbDeps } from '../verb-command.ts';

/** The scripts call `cloud`, so completions always match the installed version. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_cloud() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    printf -v word %q "$word"
    COMPREPLY+=("$word")
  done < <(cloud __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
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
  const { world } = deps;
  program
    .command('completion')
    .summary('Print a completion script')
    .description(
      'Print a script that completes commands, flags and the names of your resources in your shell. To install it, run the line for your shell:',
    )
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
bash:  cloud completion bash > ~/.local/share/bash-completion/completions/cloud
zsh:   cloud completion zsh > "\${fpath[1]}/_cloud"
fish:  cloud completion fish > ~/.config/fish/completions/cloud.fish`,
    )
    .action((shell: string) => deps.act(async () => void world.stdout.write(SCRIPTS[shell]!)));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      deps.act(async () => {
        const found = await complete(program, deps, words);
        world.stdout.write(found.map((word) => `${word}\n`).join(''));
      }),
    );
}
