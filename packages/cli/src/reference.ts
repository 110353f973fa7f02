import type { Command } from 'commander';
import { EXIT_MEANINGS } from './failure.ts';
import { buildProgram } from './program.ts';
import { commandOf, type Verb } from './table/verb.ts';
import type { World } from './world.ts';

const INTRODUCTION = `# The command line

<!-- Generated from the commands by \`npm run gen\`. -->

\`cloud <resource> <verb> [arguments] [options]\`. Name a resource by its id or its name.

\`\`\`sh
cloud register                                     # the first user is the operator; or: cloud login
cloud vpcs create main
cloud instances launch web --image busybox --vpc-id main --wait
cloud instances exec web -- uname -a
cloud instances exec -it web -- sh                 # a shell in the instance
cloud instances logs web --follow
cloud instances list -o json
cloud instances delete web --yes
\`\`\`

## Choose a platform and a user

A context is the address of a platform, a key and a tenant. \`cloud login\` makes one and stores its session key in
\`~/.config/thecloud/config.json\` (or below \`$XDG_CONFIG_HOME\`), a file that only you can read. \`cloud context create\` makes one for an API key,
and \`cloud context use\` changes to another. A context's key is sent only to that context's platform.

| option | environment | default |
|---|---|---|
| \`--endpoint URL\` | \`CLOUD_ENDPOINT\` | the context's endpoint, or \`http://127.0.0.1:8080\` without a context |
| | \`CLOUD_API_KEY\` | the context's key |
| \`--tenant ID\` | \`CLOUD_TENANT_ID\` | the key's tenant |
| \`--context NAME\` | \`CLOUD_CONTEXT\` | the active context |

An option overrides the environment, and the environment overrides the file. \`NO_COLOR\` turns colours off; output to a pipe never has colours.

## Output and exit codes

\`-o table\` (default), \`-o json\`, \`-o yaml\`, \`-o name\` for names only, or \`-q\` for ids only. \`--columns name,status\` chooses the columns
of a table, \`--no-header\` leaves out the headings, and \`--sort name\` (or \`--sort -name\`) orders what a list prints. Results go to standard output;
questions, progress, hints and errors go to standard error. A list shows 50 items by default and says if there are more; \`--limit\` changes the
number and \`--all\` shows all.

Name a resource by its id, its name, or a part of its id. Ids made in the same minute begin alike, so tables show the 12 digits that tell them
apart. Every command takes those digits, or a prefix of them or of the id with 8 digits or more. If several ids begin with it, the error lists them.

On a terminal, a command that changes something waits until the resource has settled, and shows the progress. \`--no-wait\` ends when the
platform has accepted the request. In a script, where the output is not a terminal, \`--wait[=SECONDS]\` waits, for 300 seconds by default. On a terminal, a
deletion asks for confirmation unless you pass \`--yes\`.

| exit code | meaning |
|---|---|
${EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

\`cloud instances exec\` streams bytes in both directions without a size limit and passes piped input to the command. \`-i\` also passes on what you
type, and \`-t\` gives the command a terminal. It ends with the exit code of the command, even if its output is closed early (\`| head\`), or with
124 after \`--timeout\`. If \`cloud\` ends first, by Ctrl-C or a lost connection, the platform kills the command with all the processes that it
started. The platform also ends a command that neither reads nor writes anything for an hour.
`;

/** Text of docs/reference/cli.md. The same verbs give the same text. */
export function writeReference(verbs: readonly Verb[]): string {
  const silent = { write: () => true, columns: 100 } as unknown as World['stdout'];
  const world: World = {
    argv: [],
    env: {},
    homeDir: '',
    stdin: undefined as unknown as World['stdin'],
    stdout: silent,
    stderr: silent,
    stdinPiped: () => false,
    takeTerminal: async () => () => undefined,
    onSignal: () => () => undefined,
  };
  const program = buildProgram({ world, verbs, everything: true, act: async () => undefined });
  /** A command with what stands below it; resources of the operator stand one word deeper. */
  const write = (command: Command, before: string): readonly string[] => {
    const line = `${before} ${command.name()}`;
    const known = verbs.find((verb) => commandOf(verb) === line);
    const permission = known?.permission ? `\nNeeds the permission \`${known.permission}\`.\n` : '';
    const heading = known ? '###' : '##';
    return command.commands.length === 0
      ? [`${heading} ${line}\n\n${fenced(help(command))}${permission}`]
      : [`## ${line}\n`, ...command.commands.flatMap((one) => write(one, line))];
  };
  const sections = program.commands
    .filter((command) => !command.name().startsWith('__'))
    .flatMap((command) => write(command, 'cloud'));
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const fenced = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;

/** Without the global options, which the introduction lists once. */
const help = (command: { helpInformation(): string }): string =>
  command.helpInformation().replace(/\nGlobal options:\n(?: .*\n)*/, '');
