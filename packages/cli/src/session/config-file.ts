import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

/** One platform, one user. */
export interface Profile {
  readonly endpoint: string;
  readonly api_key?: string;
  readonly tenant_id?: string;
  readonly email?: string;
  /** When the session ends. */
  readonly expires_at?: string;
}

export interface ConfigFile {
  /** The profile of the last login, which is the default. */
  readonly current?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** `$XDG_CONFIG_HOME/thecloud/config.json`, by default below `~/.config`. */
export const configPath = (world: World): string =>
  join(world.env.XDG_CONFIG_HOME || join(world.homeDir, '.config'), 'thecloud', 'config.json');

/** Empty if there is no file. Throws Failure if the file cannot be read. */
export function readConfig(world: World): ConfigFile {
  const path = configPath(world);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw new Failure(`${path} cannot be read: ${(error as Error).message}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Failure(`${path} is not valid JSON; repair it, or remove it and log in again`);
  }
  if (isConfigFile(parsed)) return { ...parsed, profiles: parsed.profiles ?? {} };
  throw new Failure(`${path} does not have the expected format; repair it, or remove it and log in again`);
}

function isConfigFile(parsed: unknown): parsed is Partial<ConfigFile> {
  if (!isObject(parsed) || !isTextOrNone(parsed.current)) return false;
  if (parsed.profiles === undefined) return true;
  if (!isObject(parsed.profiles)) return false;
  return Object.values(parsed.profiles).every(
    (profile) =>
      isObject(profile) &&
      typeof profile.endpoint === 'string' &&
      [profile.api_key, profile.tenant_id, profile.email, profile.expires_at].every(isTextOrNone),
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Writes the file atomically, readable only by its owner. */
export function writeConfig(world: World, config: ConfigFile): void {
  const path = configPath(world);
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    makeFolders(dirname(path));
    writeFileSync(fresh, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new Failure(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** One by one: Node's own `recursive` never ends where the system answers "no such file" for a folder whose parent is there (/proc). */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
