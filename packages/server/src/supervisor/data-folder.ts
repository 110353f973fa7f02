import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Paths } from '../config.ts';
import { SettingsError } from '../setting-readers.ts';
import type { Identity } from './system-users.ts';

/** Whom the parts of the data folder belong to. Without root all three are the same user. */
export interface Owners {
  readonly self: Identity;
  readonly postgres: Identity;
  readonly api: Identity;
}

/**
 * Makes the folders with their owners and modes, again at every start: what a person changed by mistake is put right.
 * @throws SettingsError when the system users cannot reach the folder.
 */
export function layOutDataFolder(paths: Paths, owners: Owners): void {
  makeFolder(paths.data, owners.self.uid, owners.self.gid, 0o711);
  if (owners.self.uid !== owners.api.uid) refuseClosedParents(paths.data);
  makeFolder(paths.run, owners.self.uid, owners.self.gid, 0o711);
  makeFolder(paths.secrets, owners.self.uid, owners.self.gid, 0o700);
  makeFolder(paths.audit, owners.self.uid, owners.self.gid, 0o700);
  makeFolder(paths.postgres, owners.postgres.uid, owners.postgres.gid, 0o700);
  // The API's group may enter; PostgreSQL writes its socket there.
  makeFolder(paths.postgresSocketDir, owners.postgres.uid, owners.api.gid, 0o750);
  // Node cannot read who connected to a unix socket: this folder decides who may connect.
  makeFolder(dirname(paths.workerSocket), owners.self.uid, owners.api.gid, 0o710);
  rmSync(paths.workerSocket, { force: true });
  makeFolder(paths.incus, owners.self.uid, owners.self.gid, 0o711);
  makeFolder(paths.images, owners.self.uid, owners.self.gid, 0o711);
  makeFolder(paths.app, owners.self.uid, owners.self.gid, 0o755);
  makeFolder(paths.logs, owners.self.uid, owners.self.gid, 0o700);
}

/**
 * Makes a folder and those above it that are missing, one by one: Node's own `recursive` never ends where the system answers "no such
 * file" for a folder whose parent is there (/proc). Returns what it made, outermost first; when one cannot be made, none stays.
 */
export function makeFolders(path: string, mode: number): string[] {
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && at !== dirname(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    for (const folder of missing) {
      mkdirSync(folder, mode);
      made.push(folder);
    }
  } catch (error) {
    for (const folder of made.toReversed()) rmdirSync(folder);
    throw error;
  }
  return made;
}

function makeFolder(path: string, uid: number, gid: number, mode: number): void {
  try {
    makeFolders(path, mode);
    const found = lstatSync(path);
    if (!found.isDirectory()) throw new SettingsError(`${path} is not a folder`);
    if (found.uid !== uid || found.gid !== gid) chownSync(path, uid, gid);
    if ((found.mode & 0o7777) !== mode) chmodSync(path, mode);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new SettingsError(`CLOUD_DATA_DIR: cannot use ${path} (${error.message})`);
  }
}

/** PostgreSQL and the API run as users of their own and must be able to walk to the data folder. */
function refuseClosedParents(path: string): void {
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    if ((statSync(parent).mode & 0o001) === 0) {
      throw new SettingsError(
        `CLOUD_DATA_DIR=${path}: ${parent} cannot be accessed by the users of PostgreSQL and the API; choose a folder that everybody may enter`,
      );
    }
    if (parent === dirname(parent)) return;
  }
}
