import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findFile, listProcesses, readText } from './host.ts';
import type { World } from '../../world.ts';

/** Where the platform of this machine is, as its settings say. */
export interface Place {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly listen: string;
  readonly awsListen: string;
  readonly pgPort: number;
  /** Of the checkout that this command belongs to. */
  readonly migrationsDir: string | undefined;
  /** The settings of the platform: of its process, if it runs and they can be read, else of this command's environment. */
  readonly settings: Readonly<Record<string, string>>;
  readonly isRoot: boolean;
}

const isSetting = (name: string): boolean => name === 'DATABASE_URL' || name.startsWith('CLOUD_');

/** `given.dataDir` is absolute. */
export function findPlace(world: Pick<World, 'env' | 'homeDir'>, given: { readonly dataDir?: string }): Place {
  const isRoot = process.getuid?.() === 0;
  const own = settingsIn(world.env);
  const dataDir =
    given.dataDir ||
    own.CLOUD_DATA_DIR ||
    (isRoot ? '/var/lib/thecloud' : join(world.homeDir, '.local/share/thecloud'));
  const settings = { ...own, ...settingsOfPlatform(dataDir) };
  return {
    dataDir,
    databaseUrl: settings.DATABASE_URL || undefined,
    listen: settings.CLOUD_LISTEN || '127.0.0.1:8080',
    awsListen: settings.CLOUD_AWS_LISTEN || '127.0.0.1:4566',
    pgPort: Number(readText(join(dataDir, 'postgres.port')) ?? settings.CLOUD_PG_PORT ?? 5433),
    migrationsDir: findMigrations(),
    settings,
    isRoot,
  };
}

const settingsIn = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => isSetting(pair[0]) && !!pair[1]));

/** The environment of the supervisor, whose process id stands in the lock. */
function settingsOfPlatform(dataDir: string): Readonly<Record<string, string>> {
  const pid = readText(join(dataDir, 'lock'))?.trim();
  if (!pid || !listProcesses().some((one) => String(one.pid) === pid)) return {};
  const lines = (readText(`/proc/${pid}/environ`) ?? '').split('\0').map((line) => line.split(/=(.*)/s));
  return settingsIn(Object.fromEntries(lines.map(([name, value]) => [name!, value])));
}

/** `packages/cli/dist/cloud.js` or `packages/cli/src/main.ts` of a checkout. */
function findMigrations(): string | undefined {
  const program = process.argv[1];
  if (program === undefined) return undefined;
  try {
    return findFile([join(dirname(realpathSync(program)), '../../../migrations')]);
  } catch {
    return undefined;
  }
}

export function portOf(address: string): number | undefined {
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  return port > 0 ? port : undefined;
}
