import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { SettingsError } from '../setting-readers.ts';

/** A data folder held by this process. */
export interface Lock {
  release(): void;
}

/**
 * Takes the data folder for this process. The kernel holds the lock (flock on an open file): it ends with the process, also after
 * kill -9, so that nothing is ever stale and a reused pid deceives nobody. The pid in the file is for the message only.
 * @throws SettingsError when another process holds it.
 */
export function acquireLock(path: string, dataDir: string): Lock {
  // Who may open it may lock it, also one that may only read.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    if (!lockDescriptor(descriptor)) {
      const holder = readFileSync(path, 'utf8').trim() || 'unknown';
      throw new SettingsError(
        `CLOUD_DATA_DIR=${dataDir}: another platform is running in it (process ${holder}); stop it first, or choose another folder`,
      );
    }
    if (!existsSync(path) || statSync(path).ino !== fstatSync(descriptor).ino) {
      throw new SettingsError(`CLOUD_DATA_DIR=${dataDir}: another start has just ended; start again`);
    }
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`, 0);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { release: () => closeSync(descriptor) };
}

/**
 * Node has no flock. A small program locks the inherited descriptor and ends; the lock belongs to the open file, which stays with us.
 * util-linux has `flock`, macOS has perl.
 */
function lockDescriptor(descriptor: number): boolean {
  const programs: readonly (readonly [string, readonly string[]])[] = [
    ['flock', ['-n', '3']],
    ['perl', ['-MFcntl=:flock', '-e', 'open(F, "+<&=3") or exit 2; exit(flock(F, LOCK_EX|LOCK_NB) ? 0 : 1)']],
  ];
  for (const [program, args] of programs) {
    const result = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'ignore', descriptor], timeout: 5_000 });
    if (result.error && 'code' in result.error && result.error.code === 'ENOENT') continue;
    if (result.error) throw result.error;
    if (result.status === 0) return true;
    if (result.status === 1) return false;
    throw new Error(`${program} could not lock the data folder (exit ${result.status})`);
  }
  throw new SettingsError(
    'cannot lock the data folder, because neither flock nor perl is installed; install util-linux',
  );
}
