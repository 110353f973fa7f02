import { Argument, type Command, Option } from 'commander';
import { EXIT, Failure, usage } from '../failure.ts';
import { checkColumns, printResult } from '../output/print.ts';
import { ask, confirm, readPassword } from '../prompt.ts';
import { type ConfigFile, type Context, contextNamed, readConfig, updateConfig } from '../session/config-file.ts';
import { contextNameOf, DEFAULT_ENDPOINT, type GlobalOptions, readEndpoint } from '../session/session.ts';
import { closest } from '../table/closest.ts';
import { outputOptions, type VerbDeps } from '../verb-command.ts';
import { isInteractive, type World } from '../world.ts';

/** Longest name of a context. */
const LONGEST_NAME = 64;

/** `cloud context …`: the platforms, keys and tenants that the config file holds. It sends nothing. */
export function addContext(program: Command, deps: VerbDeps): void {
  const context = program
    .command('context')
    .usage('<verb> [arguments] [options]')
    .summary('Choose a platform, a key and a tenant')
    .description('A context is the address of a platform, a key and a tenant. Your config file holds contexts.')
    .helpCommand(false);
  addList(context, deps);
  addCreate(context, deps);
  addUse(context, deps);
  addActive(context, deps);
  addDelete(context, deps);
  for (const verb of context.commands) verb.showHelpAfterError(`See: cloud context ${verb.name()} --help`);
}

function addList(parent: Command, deps: VerbDeps): void {
  const command = parent.command('list').summary('List the contexts').description('List the contexts, without keys.');
  for (const option of outputOptions()) command.addOption(option);
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<GlobalOptions>() };
      checkColumns(LISTED, options);
      const config = readConfig(world);
      const active = contextNameOf(world, options, config);
      const rows = Object.entries(config.contexts).map(([name, { api_key, ...shown }]) => ({
        active: name === active ? '*' : undefined,
        name,
        ...shown,
        logged_in: api_key !== undefined,
      }));
      await printResult(world, LISTED, options, rows);
    }),
  );
}

/** What printing needs to know. */
const LISTED = { columns: ['active', 'name', 'endpoint', 'email', 'tenant_id', 'logged_in', 'expires_at'] };

function addCreate(parent: Command, deps: VerbDeps): void {
  const command = parent
    .command('create')
    .summary('Create a context and use it')
    .description('Create a context and use it from now on. Without a key, log in next: cloud login')
    .addArgument(new Argument('<name>', 'name of the new context'))
    .option('--endpoint <url>', `address of the platform (default: ${DEFAULT_ENDPOINT})`)
    .option('--tenant <id>', 'tenant to act in; without it, the key’s')
    .option('--key-stdin', 'read an API key from standard input; at a terminal, you are asked');
  command.action((name: string) =>
    deps.act(async () => {
      const { world } = deps;
      const given = { ...deps.before(), ...command.opts<GlobalOptions & { keyStdin?: boolean }>() };
      if (name.trim() === '' || name.length > LONGEST_NAME)
        throw usage(`a context needs a name of 1 to ${LONGEST_NAME} characters`);
      if (contextNamed(readConfig(world), name)) throw taken(name);
      const endpoint = readEndpoint(given.endpoint || DEFAULT_ENDPOINT);
      const key = await readKey(world, given.keyStdin === true);
      const context: Context = {
        endpoint,
        ...(key ? { api_key: key } : {}),
        ...(given.tenant ? { tenant_id: given.tenant } : {}),
      };
      updateConfig(world, (config) => {
        if (contextNamed(config, name)) throw taken(name);
        return { current: name, contexts: { ...config.contexts, [name]: context } };
      });
      world.stderr.write(`Created the context '${name}' and made it active.${key ? '' : ' Next: cloud login'}\n`);
    }),
  );
}

const taken = (name: string): Failure =>
  new Failure(
    `a context named '${name}' already exists; choose another name, or first run: cloud context delete ${name}`,
    EXIT.conflict,
  );

async function readKey(world: World, piped: boolean): Promise<string | undefined> {
  if (piped) return readPassword(world, '--key-stdin');
  if (!isInteractive(world)) return undefined;
  const flag = { hidden: true, flag: '--key-stdin' };
  return (await ask(world, 'API key (empty: log in later): ', flag)).trim() || undefined;
}

function addUse(parent: Command, deps: VerbDeps): void {
  parent
    .command('use')
    .summary('Make a context the active one')
    .description('Make a context the active one. CLOUD_CONTEXT and --context override it.')
    .addArgument(new Argument('<name>', 'name of a context'))
    .action((name: string) =>
      deps.act(async () => {
        updateConfig(deps.world, (config) => {
          requireContext(config, name);
          return { ...config, current: name };
        });
        if (deps.world.env.CLOUD_CONTEXT)
          deps.world.stderr.write(`CLOUD_CONTEXT is set to '${deps.world.env.CLOUD_CONTEXT}', which overrides it\n`);
      }),
    );
}

function addActive(parent: Command, deps: VerbDeps): void {
  parent
    .command('active')
    .summary('Print the name of the active context')
    .description('Print the name of the context that commands use. Ends with 1 if there is none.')
    .action(() =>
      deps.act(async () => {
        const config = readConfig(deps.world);
        const name = contextNameOf(deps.world, deps.before(), config);
        if (!contextNamed(config, name)) throw new Failure('no context is active; create one with: cloud login');
        deps.world.stdout.write(`${name}\n`);
      }),
    );
}

function addDelete(parent: Command, deps: VerbDeps): void {
  const command = parent
    .command('delete')
    .summary('Remove a context')
    .description('Remove a context from your config file. To revoke a session key too, run `cloud logout` before.')
    .addArgument(new Argument('<name>', 'name of a context'))
    .addOption(new Option('-y, --yes', 'do not ask'));
  command.action((name: string) =>
    deps.act(async () => {
      const { world } = deps;
      const { api_key: key } = requireContext(readConfig(world), name);
      const asks = command.opts<{ yes?: boolean }>().yes !== true && isInteractive(world);
      const consequence = key ? ' Its key is not revoked.' : '';
      if (asks && !(await confirm(world, `Delete context '${name}'?${consequence}`)))
        throw new Failure('nothing was changed');
      updateConfig(world, (config) => {
        requireContext(config, name);
        const { [name]: _, ...contexts } = config.contexts;
        return config.current === name ? { contexts } : { ...config, contexts };
      });
    }),
  );
}

/** Throws Failure with the nearest name. */
function requireContext(config: ConfigFile, name: string): Context {
  const found = contextNamed(config, name);
  if (found) return found;
  const names = Object.keys(config.contexts);
  const near = closest(name, names);
  const hint = near ? `Did you mean '${near}'?` : names.length > 0 ? `Existing: ${names.join(', ')}` : 'There are none';
  throw new Failure(`context '${name}' does not exist. ${hint}`, EXIT.notFound);
}
