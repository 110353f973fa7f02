import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
  /** The profile of the last login: what is used when none is named. */
  readonly current?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** `$XDG_CONFIG_HOME/thecloud/config.json`, by default below `~/.config`. */
export const configPath = (world: World): string =>
  join(world.env.XDG_CONFIG_HOME || join(world.homeDir, '.config'), 'thecloud', 'config.json');

/** Empty where there is no file. Throws on one that cannot be read. */
export function readConfig(world: World): ConfigFile {
  const path = configPath(world);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw new Failure(`${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    const parsed = JSON.parse(text) as Partial<ConfigFile>;
    return { ...parsed, profiles: parsed.profiles ?? {} };
  } catch {
    throw new Failure(`${path} is not JSON; mend it, or remove it and log in again`);
  }
}

/** Only its owner can read it, and it is whole or not there at all. */
export function writeConfig(world: World, config: ConfigFile): void {
  const path = configPath(world);
  const fresh = `${path}.${process.pid}.tmp`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(fresh, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
