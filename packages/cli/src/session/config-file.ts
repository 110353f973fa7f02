import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';

/** A platform, a key and a tenant. */
export interface Context {
  readonly endpoint: string;
  readonly api_key?: string;
  /** The tenant to act in. Absent: the key's. */
  readonly tenant_id?: string;
  readonly email?: string;
  /** When the session ends. */
  readonly expires_at?: string;
}

export interface ConfigFile {
  /** The active context: that of the last login, or of `cloud context use`. */
  readonly current?: string;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** `$XDG_CONFIG_HOME/thecloud/config.json`, by default below `~/.config`. */
export const configPath = (world: World): string =>
  join(world.env.XDG_CONFIG_HOME || join(world.homeDir, '.config'), 'thecloud', 'config.json');

/** A name may be that of a member that every object has. */
export const contextNamed = (config: ConfigFile, name: string): Context | undefined =>
  Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;

/** Empty if there is no file. Throws Failure if the file cannot be read. */
export function readConfig(world: World): ConfigFile {
  const path = configPath(world);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
    throw new Failure(`${path} cannot be read: ${(error as Error).message}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Failure(`${path} is not valid JSON; repair it, or remove it and log in again`);
  }
  if (isConfigFile(parsed)) return { ...parsed, contexts: parsed.contexts ?? {} };
  throw new Failure(`${path} does not have the expected format; repair it, or remove it and log in again`);
}

function isConfigFile(parsed: unknown): parsed is Partial<ConfigFile> {
  if (!isObject(parsed) || !isTextOrNone(parsed.current)) return false;
  if (parsed.contexts === undefined) return true;
  if (!isObject(parsed.contexts)) return false;
  return Object.values(parsed.contexts).every(
    (context) =>
      isObject(context) &&
      typeof context.endpoint === 'string' &&
      [context.api_key, context.tenant_id, context.email, context.expires_at].every(isTextOrNone),
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Longest wait for another `cloud` that writes the file, which takes it a millisecond. */
const LOCK_MS = 5_000;
const LOOK_MS = 10;

/**
 * Changes the file atomically, readable only by its owner. `change` gets the file as it is now, and no other `cloud` changes it in between.
 * It must not await anything.
 */
export function updateConfig(world: World, change: (config: ConfigFile) => ConfigFile): void {
  const path = configPath(world);
  const fresh = `${path}.lock`;
  write(path, () => makeFolders(dirname(path)));
  const descriptor = write(path, () => lock(fresh));
  try {
    // The lock is the new file: renaming it publishes the change and ends the lock in one step.
    const text = `${JSON.stringify(change(readConfig(world)), null, 2)}\n`;
    write(path, () => {
      writeFileSync(descriptor, text);
      // A rename may reach the disk before the bytes do.
      fsyncSync(descriptor);
      renameSync(fresh, path);
    });
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function write<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** Creates the lock file, which only one process can. Throws Failure after LOCK_MS. */
function lock(path: string): number {
  const deadline = performance.now() + LOCK_MS;
  for (;;) {
    try {
      return openSync(path, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (performance.now() >= deadline)
        throw new Failure(`another cloud command holds ${path}; if none runs, remove that file`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
    }
  }
}

/** One by one: Node's own `recursive` never ends where the system answers "no such file" for a folder whose parent is there (/proc). */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
