import { Command } from 'commander';
import { accountVerbs } from './custom/account.ts';
import { addApi } from './custom/api.ts';
import { addAws } from './custom/aws/index.ts';
import { addAuditCommands, proveVerb } from './custom/audit.ts';
import { addCompletion } from './custom/completion.ts';
import { addContext } from './custom/context.ts';
import { listEventsVerb } from './custom/events.ts';
import { execVerb } from './custom/exec.ts';
import { addHelp } from './custom/help.ts';
import { addDoctor, addSupportBundle } from './custom/host-commands.ts';
import { addLogin, addRegister } from './custom/login.ts';
import { addMan } from './custom/man.ts';
import { addQueueCommands, QUEUE_BATCHES, queueVerbs } from './custom/queues/index.ts';
import { findVerb } from './custom/search.ts';
import { secretVerbs } from './custom/secrets.ts';
import { switchVerb } from './custom/switch.ts';
import { addLogout, addWhoami } from './custom/session-commands.ts';
import { EXIT_MEANINGS } from './failure.ts';
import { ADMIN, type Verb } from './table/verb.ts';
import { addVerbCommand, type CustomVerb, globalOptions, type VerbDeps } from './verb-command.ts';
import { VERSION } from './version.ts';

/** Verbs whose command differs from the derived one. */
const CUSTOM: Readonly<Record<string, CustomVerb>> = {
  'audit.prove': proveVerb,
  'events.list': listEventsVerb,
  'instances.exec': execVerb,
  'search.find': findVerb,
  'tenants.switch': switchVerb,
  ...accountVerbs,
  ...queueVerbs,
  ...secretVerbs,
};
/** By service: commands beside its verbs. */
const EXTRA: Readonly<Record<string, (command: Command, deps: VerbDeps) => void>> = {
  audit: addAuditCommands,
  queues: addQueueCommands,
};
/** Operations without a verb below their service: another command calls them. */
export const ELSEWHERE = [
  'events.stream',
  'auth.register',
  'auth.login',
  'auth.logout',
  'instances.terminal',
  ...QUEUE_BATCHES,
];

const EXIT_CODES = `
Exit codes:
${EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join('\n')}
\`instances exec\` ends with the exit code of the command that it ran.`;

/** The whole command tree. Throws if an operation says `cli: 'custom'` and has no command in CUSTOM. */
export function buildProgram(deps: Omit<VerbDeps, 'before'> & { readonly everything?: boolean }): Command {
  const { world } = deps;
  const program = new Command('cloud');
  program
    .description('Command line of The Cloud. Each resource has verbs; see: cloud help <resource>')
    .usage('<resource> <verb> [arguments] [options]')
    // Global options may stand before the resource; those after the verb belong to the verb.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'cloud: ')),
      getOutHelpWidth: () => Math.min(world.stdout.columns || 100, 120),
      getErrHelpWidth: () => Math.min(world.stderr.columns || 100, 120),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map((argument) => `<${argument.name()}>`)].join(' '),
    })
    .helpCommand(false)
    .showHelpAfterError('See: cloud --help')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES);
  for (const option of globalOptions()) program.addOption(option);

  const all: VerbDeps = { ...deps, before: () => program.opts() };
  program.commandsGroup('Session:');
  addLogin(program, all);
  addRegister(program, all);
  addLogout(program, all);
  addWhoami(program, all);
  addContext(program, all);
  addAws(program, all);
  program.commandsGroup('Resources:');
  const words = new Set(world.argv);
  // Only the resources on the command line get their verbs, because building hundreds of commands is slow.
  const everything = words.has('__complete') || deps.everything === true;
  const ofOperator = deps.verbs.filter((verb) => verb.group === ADMIN);
  for (const [service, verbs] of byService(deps.verbs.filter((verb) => verb.group === undefined)))
    addService(program, service, verbs, all, everything || words.has(service));
  program.commandsGroup('Operator:');
  const admin = program
    .command(ADMIN)
    .usage('<resource> <verb> [arguments] [options]')
    .summary('Run the platform: users, tenants, hosts, settings')
    .description('Commands for the operator of the platform. Everybody else is refused.')
    .helpCommand(false)
    .commandsGroup('Resources:');
  for (const [service, verbs] of byService(ofOperator))
    addService(admin, service, verbs, all, everything || words.has(service));
  addDoctor(program, all);
  addSupportBundle(program, all);
  program.commandsGroup('More:');
  addApi(program, all);
  addCompletion(program, all);
  addHelp(program, all);
  addMan(program, all);
  program
    .command('version')
    .summary('Print the version')
    .action(() => deps.act(async () => void world.stdout.write(`cloud ${VERSION}\n`)));
  for (const command of program.commands) command.showHelpAfterError(`See: cloud ${command.name()} --help`);
  for (const command of admin.commands) command.showHelpAfterError(`See: cloud ${ADMIN} ${command.name()} --help`);
  return program;
}

function addService(
  parent: Command,
  service: string,
  verbs: readonly Verb[],
  deps: VerbDeps,
  withVerbs: boolean,
): void {
  const shown = verbs.filter((verb) => !ELSEWHERE.includes(verb.name));
  if (shown.length === 0) return;
  const names = shown.map((verb) => verb.verb);
  const words = names.length > 4 ? `${names.slice(0, 4).join(', ')} …` : names.join(', ');
  const command = parent.command(service).usage('<verb> [arguments] [options]').helpCommand(false);
  command.summary(words).description(`${service.replaceAll('-', ' ')}: ${names.join(', ')}`);
  if (!withVerbs) return;
  for (const verb of shown) {
    const custom = CUSTOM[verb.name];
    if (verb.custom && !custom) throw new Error(`${verb.name} says cli: 'custom' but has no command in CUSTOM`);
    addVerbCommand(command, verb, deps, custom);
  }
  EXTRA[shown[0]!.name.split('.', 1)[0]!]?.(command, deps);
}

function byService(verbs: readonly Verb[]): ReadonlyMap<string, readonly Verb[]> {
  const services = new Map<string, Verb[]>();
  for (const verb of verbs) services.set(verb.service, [...(services.get(verb.service) ?? []), verb]);
  return services;
}
