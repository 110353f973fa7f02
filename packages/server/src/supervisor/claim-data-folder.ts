import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SettingsError } from '../setting-readers.ts';
import { makeFolders } from './data-folder.ts';
import { acquireLock } from './lock.ts';

const LOCK = 'lock';

/** The data folder, held by this process. */
export interface Claim {
  release(): void;
  /** Of a start that was refused: releases it, and takes away what this start made, if nothing but the lock came into it. */
  abandon(): void;
}

/**
 * Makes the data folder where there is none and holds it.
 * @throws SettingsError when it cannot be made, holds what is not the platform's, or another process holds it.
 */
export function claimDataFolder(dataDir: string): Claim {
  try {
    const made = makeFolders(dataDir, 0o711);
    if (made.length === 0) refuseForeignFolder(dataDir);
    const lock = acquireLock(join(dataDir, LOCK), dataDir);
    return {
      release: lock.release,
      abandon() {
        // While it is held: who waits for it sees that its file is gone.
        if (made.length > 0 && readdirSync(dataDir).every((name) => name === LOCK)) {
          rmSync(join(dataDir, LOCK));
          removeEmpty(made);
        }
        lock.release();
      },
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      throw new SettingsError(`CLOUD_DATA_DIR=${dataDir}: cannot be used (${error.message}); choose another folder`);
    throw error;
  }
}

/** Innermost first. If another process has put something beside it, the rest stays. */
function removeEmpty(made: readonly string[]): void {
  for (const folder of made.toReversed()) {
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}

/** Owner and mode of the data folder are set at each start: /tmp or / would be closed to everybody else on the machine. */
function refuseForeignFolder(dataDir: string): void {
  if (!statSync(dataDir).isDirectory()) throw new SettingsError(`CLOUD_DATA_DIR=${dataDir}: is a file, not a folder`);
  const others = readdirSync(dataDir).filter((name) => name !== 'lost+found');
  if (others.length === 0 || ['platform.id', 'secrets/master.key'].some((name) => existsSync(join(dataDir, name))))
    return;
  // The first start may have been killed at any moment: the lock came first.
  const lock = join(dataDir, LOCK);
  if (existsSync(lock) && lstatSync(lock).isFile()) return;
  throw new SettingsError(
    `CLOUD_DATA_DIR=${dataDir}: contains files that are not the platform's (${others.slice(0, 3).join(', ')}); choose a new or empty folder`,
  );
}
