import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { SettingsError } from '../setting-readers.ts';

export interface PostgresBinaries {
  /** Folder of postgres and initdb. */
  readonly folder: string;
  readonly major: number;
}

export const OLDEST_POSTGRES = 15;

/** Where Debian and Ubuntu, Fedora and Homebrew put PostgreSQL's programs; those on the path come last. */
function candidateFolders(searchPath: string): string[] {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  const homebrew = ['/opt/homebrew/opt', '/usr/local/opt'].flatMap((root) =>
    existsSync(root)
      ? readdirSync(root)
          .filter((name) => name.startsWith('postgresql'))
          .map((name) => join(root, name, 'bin'))
      : [],
  );
  return [...versions, ...homebrew, ...searchPath.split(':').filter(Boolean)];
}

/**
 * The programs for a cluster: of exactly its major version when it exists already, else the newest there is.
 * @throws SettingsError saying what is missing.
 */
export function findPostgres(searchPath: string, existingMajor?: number): PostgresBinaries {
  const found = new Map<number, string>();
  for (const folder of candidateFolders(searchPath)) {
    if (!existsSync(join(folder, 'postgres')) || !existsSync(join(folder, 'initdb'))) continue;
    const program = realpathSync(join(folder, 'postgres'));
    const version = /\(PostgreSQL\) (\d+)/.exec(
      execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 }),
    );
    const major = Number(version?.[1]);
    if (major && !found.has(major)) found.set(major, join(program, '..'));
  }
  const major = existingMajor ?? Math.max(0, ...found.keys());
  const folder = found.get(major);
  if (existingMajor !== undefined && folder === undefined) {
    throw new SettingsError(
      `the data folder contains a cluster of PostgreSQL ${existingMajor}, whose programs are not installed (found: ${[...found.keys()].join(', ') || 'none'})`,
    );
  }
  if (folder === undefined || major < OLDEST_POSTGRES) {
    throw new SettingsError(
      `PostgreSQL ${OLDEST_POSTGRES} or later is not installed; install it, or set DATABASE_URL to another server`,
    );
  }
  return { folder, major };
}
