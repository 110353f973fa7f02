import { hostname } from 'node:os';
import type { Transport } from '@thecloud/sdk';
import type { Command } from 'commander';
import { EXIT, Failure, usage } from '../../failure.ts';
import { confirm } from '../../prompt.ts';
import { type GlobalOptions, openSession, requireKey, type Session, transportOf } from '../../session/session.ts';
import { globalOptions, OUTPUT, type VerbDeps } from '../../verb-command.ts';
import { isInteractive } from '../../world.ts';
import { verbNamed } from '../login.ts';
import {
  configFileOf,
  credentialsFileOf,
  readProfiles,
  readSection,
  withSection,
  writeProfiles,
} from './profile-file.ts';

interface AwsKey {
  readonly aws_access_key_id: string;
  readonly aws_secret_access_key: string;
  readonly aws_session_token?: string;
  readonly expires_at?: string;
}

/** Where AWS clients connect. */
interface Door {
  readonly endpoint: string;
  readonly region: string;
}

/** `cloud aws …`: connects the AWS CLI, SDKs and what builds on them to the platform. */
export function addAws(program: Command, deps: VerbDeps): void {
  const aws = program
    .command('aws')
    .usage('<verb> [options]')
    .summary('Connect AWS clients: env, configure')
    .description('Connect the AWS CLI, the AWS SDKs and tools built on them to this platform.')
    .helpCommand(false);
  addEnv(aws, deps);
  addConfigure(aws, deps);
  for (const verb of aws.commands) {
    for (const option of globalOptions().filter((one) => !OUTPUT.includes(one.long!))) verb.addOption(option);
    verb.showHelpAfterError(`See: cloud aws ${verb.name()} --help`);
  }
}

function addEnv(parent: Command, deps: VerbDeps): void {
  const command = parent
    .command('env')
    .summary('Print what connects AWS clients in this shell')
    .description(
      'Print lines that connect AWS clients in your shell to the platform. They hold a temporary key, which may do what your key may and works for 12 hours. Run: eval "$(cloud aws env)"',
    )
    .option('--duration <seconds>', 'seconds for which the temporary key works, 900 to 129600 (default: 43200)');
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<GlobalOptions & { readonly duration?: string }>() };
      const { duration } = options;
      if (duration !== undefined && !/^\d{1,9}$/.test(duration))
        throw usage(`--duration '${duration}' is not a number of seconds`);
      const { session, transport } = connect(deps, options);
      const { endpoint, region } = await findDoor(deps, session, transport);
      const key = await transport.call<AwsKey>(
        verbNamed(deps, 'keys.createSession'),
        duration === undefined ? {} : { duration_seconds: Number(duration) },
      );
      const lines = [
        `export AWS_ENDPOINT_URL=${quote(endpoint)} AWS_REGION=${quote(region)} AWS_DEFAULT_REGION=${quote(region)}`,
        `export AWS_ACCESS_KEY_ID=${quote(key.aws_access_key_id)} AWS_SECRET_ACCESS_KEY=${quote(key.aws_secret_access_key)}`,
        `export AWS_SESSION_TOKEN=${quote(key.aws_session_token ?? '')}`,
        // Some clients would take the profile in place of these.
        ...(world.env.AWS_PROFILE ? ['unset AWS_PROFILE'] : []),
      ];
      world.stdout.write(`${lines.join('\n')}\n`);
      if (world.stdout.isTTY)
        world.stderr.write(
          `\nTo run these lines in your shell: eval "$(cloud aws env)"   The key works until ${key.expires_at}.\n`,
        );
    }),
  );
}

function addConfigure(parent: Command, deps: VerbDeps): void {
  const command = parent
    .command('configure')
    .summary('Write a profile for AWS clients')
    .description(
      'Write a profile of the AWS CLI and SDKs that connects them to the platform, with a new API key. Then run: aws --profile cloud sts get-caller-identity',
    )
    .option('--profile <name>', 'name of the profile', 'cloud')
    .option('--force', 'replace a profile that exists, without a question');
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = {
        ...deps.before(),
        ...command.opts<GlobalOptions & { readonly profile: string; readonly force?: boolean }>(),
      };
      const { profile } = options;
      if (!/^[\w.@:+-]{1,64}$/.test(profile))
        throw usage(`--profile '${profile}' must be 1 to 64 letters, digits and . _ - @ : +`);
      const [configFile, credentialsFile] = [configFileOf(world), credentialsFileOf(world)];
      const section = profile === 'default' ? profile : `profile ${profile}`;
      const { session, transport } = connect(deps, options);
      const { endpoint, region } = await findDoor(deps, session, transport);
      const before = readSection(readProfiles(configFile), section);
      const keyBefore = readSection(readProfiles(credentialsFile), profile);
      if (before || keyBefore) {
        const where = before ? configFile : credentialsFile;
        const what = `the profile '${profile}' in ${where}`;
        if (!options.force && !isInteractive(world)) throw usage(`${what} exists; replace it with --force`);
        const question = `Replace ${what}${before?.endpoint_url ? `, which connects to ${before.endpoint_url}` : ''}?`;
        if (!options.force && !(await confirm(world, question))) throw new Failure('nothing was changed');
      }
      const name = `AWS profile ${profile} on ${hostname()}`;
      const key = await transport.call<AwsKey>(verbNamed(deps, 'keys.create'), { name });
      // Read once more: another command may have written them during the question.
      writeProfiles(
        credentialsFile,
        withSection(readProfiles(credentialsFile), profile, {
          aws_access_key_id: key.aws_access_key_id,
          aws_secret_access_key: key.aws_secret_access_key,
        }),
      );
      writeProfiles(configFile, withSection(readProfiles(configFile), section, { region, endpoint_url: endpoint }));
      world.stderr.write(
        `Wrote the profile '${profile}' with a new key, ${key.aws_access_key_id}. Try: aws --profile ${profile} sts get-caller-identity\n`,
      );
      const former = keyBefore?.aws_access_key_id;
      if (former && before?.endpoint_url === endpoint)
        world.stderr.write(`The profile's former key still works. To revoke it: cloud keys revoke ${former}\n`);
    }),
  );
}

function connect(deps: VerbDeps, options: GlobalOptions): { session: Session; transport: Transport } {
  const session = openSession(deps.world, options);
  requireKey(session);
  return { session, transport: transportOf(session, deps.verbs) };
}

async function findDoor(deps: VerbDeps, session: Session, transport: Transport): Promise<Door> {
  const status = await transport.call<{ readonly region: string; readonly aws_endpoint?: string }>(
    verbNamed(deps, 'status.get'),
    {},
  );
  if (status.aws_endpoint === undefined)
    throw new Failure(
      `the AWS API of ${session.endpoint} is off; its operator can set CLOUD_AWS_LISTEN`,
      EXIT.unavailable,
    );
  const url = new URL(status.aws_endpoint);
  // It listens at every address: one that leads there is that of the platform.
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = new URL(session.endpoint).hostname;
  return { endpoint: url.origin, region: status.region };
}

/** A word of a shell. */
const quote = (text: string): string => (/^[\w./:@%+=-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
