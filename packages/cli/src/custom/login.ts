import { CloudApiError, type Transport } from '@thecloud/sdk';
import type { Command } from 'commander';
import { usage } from '../failure.ts';
import { escapeControl } from '../output/cell.ts';
import type { GlobalOptions } from '../session/session.ts';
import { contextNameOf, type Session, openSession, transportOf } from '../session/session.ts';
import { configPath, readConfig, updateConfig } from '../session/config-file.ts';
import { ask, readPassword } from '../prompt.ts';
import type { Verb } from '../table/verb.ts';
import type { VerbDeps } from '../verb-command.ts';
import { globalOptions } from '../verb-command.ts';
import type { World } from '../world.ts';

interface LoginAnswer {
  readonly user: { readonly email: string; readonly tenant_id?: string };
  readonly api_key: string;
  readonly expires_at: string;
}

interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly code?: string;
}

interface LoginOptions extends GlobalOptions {
  readonly email?: string;
  readonly passwordStdin?: boolean;
  readonly code?: string;
  readonly name?: string;
}

const connectionOptions = () =>
  globalOptions().filter((option) => ['--context', '--endpoint', '--debug'].includes(option.long!));

/** `cloud login`: stores a session key in the config file. */
export function addLogin(program: Command, deps: VerbDeps): void {
  const command = program
    .command('login')
    .summary('Log in')
    .description(
      'Log in with e-mail and password. The session key is stored in your config file, which only you can read.',
    )
    .option('--email <email>', 'your e-mail address; asked for if absent')
    .option('--password-stdin', 'read the password from standard input')
    .option('--code <code>', 'code of your second factor; asked for if it is needed');
  for (const option of connectionOptions()) command.addOption(option);
  command.action(() =>
    deps.act(async () => {
      const options = { ...deps.before(), ...command.opts<LoginOptions>() };
      const credentials = await readCredentials(deps.world, options);
      await logIn(deps, options, credentials);
    }),
  );
}

/** `cloud register`: a new user, logged in. */
export function addRegister(program: Command, deps: VerbDeps): void {
  const command = program
    .command('register')
    .summary('Register a user and log in')
    .description('Register a user with a new tenant, and log in. The first user of a platform is its operator.')
    .option('--email <email>', 'your e-mail address; asked for if absent')
    .option('--name <name>', 'your name; asked for if absent')
    .option('--password-stdin', 'read the password from standard input');
  for (const option of connectionOptions()) command.addOption(option);
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<LoginOptions>() };
      const email = options.email ?? (await ask(world, 'E-mail: ', { flag: '--email' }));
      const name = options.name ?? (await ask(world, 'Name: ', { flag: '--name' }));
      const password = await readNewPassword(world, options);
      const register = verbNamed(deps, 'auth.register');
      await transportOf(publicSession(world, options), deps.verbs).call(register, { email, name, password });
      world.stderr.write(`Registered ${email}.\n`);
      await logIn(deps, options, { email, password });
    }),
  );
}

async function readCredentials(world: World, options: LoginOptions): Promise<Credentials> {
  const email = options.email ?? (await ask(world, 'E-mail: ', { flag: '--email' }));
  const password = options.passwordStdin
    ? await readPassword(world)
    : await ask(world, 'Password: ', { hidden: true, flag: '--password-stdin' });
  return { email, password, ...(options.code === undefined ? {} : { code: options.code }) };
}

async function readNewPassword(world: World, options: LoginOptions): Promise<string> {
  return options.passwordStdin
    ? readPassword(world)
    : askNewPassword(world, 'Password (8 characters or more): ', '--password-stdin');
}

/** Asks twice. */
export async function askNewPassword(world: World, question: string, flag: string): Promise<string> {
  const hidden = { hidden: true, flag };
  const password = await ask(world, question, hidden);
  if ((await ask(world, 'Repeat the password: ', hidden)) !== password)
    throw usage('the two passwords differ; nothing was changed, try again');
  return password;
}

async function logIn(deps: VerbDeps, options: LoginOptions, credentials: Credentials): Promise<void> {
  const { world } = deps;
  const session = publicSession(world, options);
  const transport: Transport = transportOf(session, deps.verbs);
  const login = verbNamed(deps, 'auth.login');
  const answer = await transport.call<LoginAnswer>(login, { ...credentials }).catch(async (error: unknown) => {
    if (!(error instanceof CloudApiError) || error.code !== 'SECOND_FACTOR_REQUIRED') throw error;
    const code = (await ask(world, 'Code of your authenticator app: ', { flag: '--code' })).trim();
    return transport.call<LoginAnswer>(login, { ...credentials, code });
  });
  const name = contextNameOf(world, options, readConfig(world));
  const context = {
    endpoint: session.endpoint,
    api_key: answer.api_key,
    email: answer.user.email,
    expires_at: answer.expires_at,
  };
  try {
    updateConfig(world, ({ contexts }) => ({ current: name, contexts: { ...contexts, [name]: context } }));
  } catch (error) {
    // Nobody has the key. If it cannot be revoked now, it expires.
    await transportOf({ ...session, apiKey: answer.api_key }, deps.verbs, { retries: 0 })
      .call(verbNamed(deps, 'auth.logout'), { api_key: answer.api_key })
      .catch(() => undefined);
    throw error;
  }
  world.stderr.write(
    `Logged in at ${session.endpoint} as ${escapeControl(answer.user.email)} until ${escapeControl(answer.expires_at)}. The session key is in ${configPath(world)}, context '${name}'.\n`,
  );
}

/** A login sends no older key. */
const publicSession = (world: World, options: GlobalOptions): Session => ({
  ...openSession(world, options),
  apiKey: undefined,
  tenantId: undefined,
});

export function verbNamed(deps: Pick<VerbDeps, 'verbs'>, name: string): Verb {
  const verb = deps.verbs.find((one) => one.name === name);
  if (!verb) throw usage(`this platform has no ${name}`);
  return verb;
}
