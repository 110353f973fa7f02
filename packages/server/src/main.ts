/** The server's entry: every role, the migrations, the list of settings. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readCommand } from './command-line.ts';
import { findMisspelt, readEnvironment, type Settings, SettingsError } from './config.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const MIGRATIONS = resolve(REPOSITORY, 'migrations');

async function main(args: readonly string[]): Promise<number> {
  const env = readEnvironment();
  for (const warning of findMisspelt(env)) console.error(`warning: ${warning}`);
  const command = readCommand(args, env, () => readFileSync(resolve(REPOSITORY, 'package.json'), 'utf8'));
  if (command.kind === 'tell') {
    console.log(command.text);
    return 0;
  }
  const { settings } = command;
  if (command.kind === 'migrate') return migrate(settings, command.args);
  if (settings.role !== 'all') {
    const { runAlone } = await import('./supervisor/run-alone.ts');
    return runAlone(settings, ensureConsole);
  }
  const { runPlatform } = await import('./supervisor/run-platform.ts');
  return runPlatform(settings, REPOSITORY, env['PATH'] ?? '', ensureConsole);
}

/** Built by the set-up, which needs no package to be read. */
const ensureConsole = async (): Promise<string> => (await import('../../../scripts/console.mjs')).ensureConsole();

async function migrate(settings: Settings, args: readonly string[]): Promise<number> {
  const { parseMigrateArguments, runMigrate } = await import('./supervisor/migrate-command.ts');
  await runMigrate(parseMigrateArguments(args), settings, MIGRATIONS, (line) => console.log(line));
  return 0;
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
