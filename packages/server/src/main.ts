/** The server's entry: every role, the migrations, the list of settings. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  describeSettings,
  findMisspelt,
  loadSettings,
  readEnvironment,
  type Settings,
  SettingsError,
} from './config.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const MIGRATIONS = resolve(REPOSITORY, 'migrations');

const HELP = `The Cloud: a cloud that you own, on one Linux machine.

  npm start                      start it, in the foreground; installs first what is missing
  npm start -- --help            this text
  npm start -- --version
  npm run migrate                run the migrations of DATABASE_URL and exit (also: npm start -- -migrate-only)
  npm run migrate -- status      down: take one back. up-to N: run those up to number N

Settings, by environment:
`;

async function main(args: readonly string[]): Promise<number> {
  const [first = '', ...rest] = args;
  if (['--help', '-h', 'help'].includes(first)) {
    console.log(HELP + describeSettings());
    return 0;
  }
  if (['--version', '-v', 'version'].includes(first)) {
    console.log(readVersion());
    return 0;
  }
  const env = readEnvironment();
  for (const warning of findMisspelt(env)) console.error(`warning: ${warning}`);
  const settings = loadSettings(env);
  if (first === 'migrate') return migrate(settings, rest);
  if (first === '-migrate-only' || first === '--migrate-only') {
    if (rest.length > 0) {
      throw new SettingsError(
        `${first} ${rest.join(' ')}: ${first} runs what is pending and takes no words; npm run migrate -- ${rest.join(' ')}`,
      );
    }
    return migrate(settings, []);
  }
  if (first !== '') throw new SettingsError(`${first}: no such argument; see npm start -- --help`);
  if (settings.role !== 'all') {
    const { runAlone } = await import('./supervisor/run-alone.ts');
    return runAlone(settings);
  }
  const { runPlatform } = await import('./supervisor/run-platform.ts');
  return runPlatform(settings, REPOSITORY, env['PATH'] ?? '');
}

async function migrate(settings: Settings, args: readonly string[]): Promise<number> {
  const { parseMigrateArguments, runMigrate } = await import('./supervisor/migrate-command.ts');
  await runMigrate(parseMigrateArguments(args), settings, MIGRATIONS, (line) => console.log(line));
  return 0;
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(resolve(REPOSITORY, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** A mistake of the person's is one line and 2; anything else is ours to find: 1, with the stack. */
function fail(error: unknown): number {
  if (error instanceof SettingsError) {
    for (const line of error.message.split('\n')) console.error(line);
    return 2;
  }
  if (error instanceof Error && error.name === 'MigrationError') {
    console.error(error.message);
    return 1;
  }
  console.error(error);
  return 1;
}

process.exitCode = await main(process.argv.slice(2)).catch(fail);
// Timers and sockets of libraries must not keep a finished command alive.
process.exit();
