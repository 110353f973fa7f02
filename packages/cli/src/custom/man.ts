import type { Command } from 'commander';
import type { VerbDeps } from '../verb-command.ts';
import { findCommand } from './help.ts';

/** `cloud man instances | man -l -`: a manual page, made from the commands as they are. */
export function addMan(program: Command, deps: VerbDeps): void {
  program
    .command('man')
    .summary('Print a manual page')
    .description('Print the manual page of the command or of a resource, for man(1). To read it: cloud man | man -l -')
    .argument('[words...]', 'for example: cloud man instances | man -l -')
    .action((words: string[]) =>
      deps.act(async () => {
        const { manualPage } = await import('../output/manual.ts');
        deps.world.stdout.write(manualPage(findCommand(program, words), words));
      }),
    );
}
