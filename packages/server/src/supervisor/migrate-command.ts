import { existsSync, readdirSync } from 'node:fs';
import type { Settings } from '../config.ts';
import { migrateDown, type MigrateSettings, migrateUp, readMigrationStates } from '../migrations/migrate.ts';
import { SettingsError } from '../setting-readers.ts';
import { OWNER_ROLE, socketUrl } from './database-roles.ts';
import { checkExternalDatabase, explainDatabaseRefusal } from './check-database.ts';
import { readDatabasePasswords } from './secrets.ts';

export type MigrateVerb =
  | { readonly kind: 'up'; readonly upTo?: number }
  | { readonly kind: 'down' }
  | { readonly kind: 'status' };

/** Takes `down`, `--down`, `status`, `up`, `up-to 3`, `--up-to=3`. @throws SettingsError on anything else. */
export function parseMigrateArguments(args: readonly string[]): MigrateVerb {
  const words = args.flatMap((arg) => arg.replace(/^--?/, '').split('='));
  const [verb = 'up', number, ...rest] = words;
  if (verb === 'up-to' && number !== undefined && /^\d+$/.test(number) && rest.length === 0)
    return { kind: 'up', upTo: Number(number) };
  if (number === undefined && isVerb(verb)) return { kind: verb };
  throw new SettingsError(`migrate ${args.join(' ')}: not a migrate command; use no argument, down, status or up-to N`);
}

function isVerb(word: string): word is MigrateVerb['kind'] {
  return word === 'up' || word === 'down' || word === 'status';
}

const NONE_RUNS = 'DATABASE_URL is empty and no platform runs here: set it, or start the platform first';

/** Needs nothing but PostgreSQL: DATABASE_URL (its owner), or the own cluster while the platform runs. */
export async function runMigrate(
  verb: MigrateVerb,
  settings: Settings,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const external = settings.externalDatabaseUrl;
  if (external !== undefined) await checkExternalDatabase(external);
  const target = {
    connectionString: external ?? urlOfOwnCluster(settings),
    folder,
    onDone: (direction: 'up' | 'down', file: string, ms: number) => say(`${direction} ${file} (${Math.round(ms)} ms)`),
  };
  try {
    await act(verb, target, say);
  } catch (error) {
    if (external !== undefined) return explainDatabaseRefusal(external)(error);
    // A platform that was killed leaves its socket.
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') throw new SettingsError(NONE_RUNS);
    throw error;
  }
}

async function act(verb: MigrateVerb, target: MigrateSettings, say: (line: string) => void): Promise<void> {
  if (verb.kind === 'status') {
    for (const state of await readMigrationStates(target)) {
      const file = state.file ?? `${state.version} (its file is not here)`;
      say(
        `${state.appliedAt?.toISOString() ?? 'pending'.padEnd(24)}  ${file}${state.edited ? '  EDITED after it ran' : ''}`,
      );
    }
  } else if (verb.kind === 'down') {
    if ((await migrateDown(target)) === undefined) say('nothing to revert');
  } else if ((await migrateUp(target, verb.upTo)).length === 0) {
    say('nothing to do');
  }
}

function urlOfOwnCluster(settings: Settings): string {
  const { postgresSocketDir, secrets } = settings.paths;
  // Its socket says its port, whatever CLOUD_PG_PORT was when it started.
  const names = existsSync(postgresSocketDir) ? readdirSync(postgresSocketDir) : [];
  const port = names.map((name) => /^\.s\.PGSQL\.(\d+)$/.exec(name)?.[1]).find((found) => found !== undefined);
  if (port === undefined) throw new SettingsError(NONE_RUNS);
  return socketUrl(postgresSocketDir, Number(port), OWNER_ROLE, readDatabasePasswords(secrets).owner);
}
