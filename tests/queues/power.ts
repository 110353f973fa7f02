import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../packages/testkit/src/platform-api.ts';

/** A disk that can lose its power: what was not flushed is then gone. */
export interface Disk {
  /** The folder where it is mounted; short, since sockets lie below it. */
  readonly folder: string;
  /** Nothing reaches the disk any more, and what was only in memory never will. */
  cutPower(): void;
  /** After all who use it are gone: mounts what is on the disk. */
  restorePower(): Promise<void>;
  remove(): Promise<void>;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: the journal is not flushed either. Node has no ioctl. */
const SHUT_DOWN = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))
`;

/** Why there can be no such disk here; undefined: there can. */
export async function findDiskObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root may mount';
  try {
    await createDisk(16).remove();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** An ext4 file system in a file, of so many MiB. */
export function createDisk(megabytes: number): Disk {
  const base = mkdtempSync('/tmp/tcp-');
  chmodSync(base, 0o711);
  let image = join(base, 'i');
  const folder = mkdtempSync('/mnt/p-');
  const run = (program: string, ...words: string[]) => execFileSync(program, words, { stdio: 'pipe' });
  const mount = () => {
    run('mount', '-o', 'loop', image, folder);
    chmodSync(folder, 0o777);
  };
  /** A process that was killed keeps its files open for another moment. */
  const unmount = () =>
    waitFor(`no user of ${folder}`, () => {
      run('umount', folder);
      return true;
    });
  const remove = async () => {
    try {
      await unmount();
    } finally {
      rmdirSync(folder);
      rmSync(base, { recursive: true });
    }
  };
  try {
    run('truncate', '-s', `${megabytes}M`, image);
    run('mkfs.ext4', '-q', '-F', image);
    mount();
  } catch (error) {
    rmdirSync(folder);
    rmSync(base, { recursive: true });
    throw error;
  }
  return {
    folder,
    cutPower: () => void run('python3', '-c', SHUT_DOWN, folder),
    async restorePower() {
      await unmount();
      // Daemons of other platforms, in their mount namespaces, may hold the file system that was shut down, and a mount of the same image would find it.
      const copy = `${image}i`;
      run('cp', '--sparse=always', image, copy);
      rmSync(image);
      image = copy;
      mount();
    },
    remove,
  };
}
