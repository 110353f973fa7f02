import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineError } from '../../kernel/engine-error.ts';
import { runCommand } from '../run-command.ts';
import type { IncusInstance } from './incus-client.ts';
import { findDaemon, incusDirOf } from './incus-daemon.ts';
import { LIMIT } from './run-record.ts';
import { BTRFS_MAGIC, POOL_NAME } from './storage-pool.ts';

/**
 * What an incusd that dies while it makes a machine leaves of its disk. It writes the machine into its database, makes the subvolume
 * (a snapshot of the image's), limits it, and last links to it; a start that finds no subvolume makes a plain folder in its place,
 * which Incus then refuses to delete ("Not a Btrfs subvolume").
 */
export interface MachineDisks {
  readonly dataDir: string;
  readonly mountPin: string;
}

/** Node has no name for it (linux/errno.h). */
const EDQUOT = 122;

/** Whose disk it is, in Incus' words. */
type DiskOwner = Pick<IncusInstance, 'project' | 'name'>;

/** The root of every btrfs subvolume has this inode number (BTRFS_FIRST_FREE_OBJECTID), and no other folder has it. */
const SUBVOLUME_INODE = 256;

/** `unknown` where the pool is not mounted or the disk cannot be looked at: then nothing can be said of it. */
type Disk = 'subvolume' | 'folder' | 'empty folder' | 'none' | 'unknown';

/**
 * Whether there is nothing of this machine's that could be lost: its disk was never finished, or it has none, and nothing lies beside it
 * (snapshots; what a restore that was cut short put aside). False in doubt.
 */
export async function isDiskless(disks: MachineDisks, instance: IncusInstance): Promise<boolean> {
  // Somebody moved it to another pool.
  if (instance.devices['root']?.['pool'] !== POOL_NAME) return false;
  return withPool(disks, false, async (pool) => {
    const disk = await lookAtDisk(pool, instance);
    if (disk === 'none' || disk === 'empty folder') {
      const beside = [`containers-snapshots/${diskName(instance)}`, `containers/${diskName(instance)}.tmp`];
      return (await Promise.all(beside.map((path) => isAbsent(`${pool}/${path}`)))).every(Boolean);
    }
    const hasRun = instance.config['volatile.last_state.power'] !== undefined;
    const link = `${incusDirOf(disks.dataDir)}/containers/${diskName(instance)}`;
    return disk === 'subvolume' && !hasRun && isAbsent(link);
  });
}

/** Takes a plain folder away that stands where the disk of a machine should be that is to be removed; true when there was one. */
export async function removeStrayFolder(disks: MachineDisks, instance: IncusInstance): Promise<boolean> {
  const found = await withPool<Disk>(disks, 'unknown', (pool) => lookAtDisk(pool, instance));
  if (found !== 'folder' && found !== 'empty folder') return false;
  const disk = diskPath(disks, instance);
  await runCommand('nsenter', [`--mount=${disks.mountPin}`, '--', 'rm', '-rf', '--one-file-system', '--', disk]);
  return true;
}

/** In incusd's folder, outside the pool: what Incus writes about each machine when it starts, stops or changes. */
const BACKUP_FOLDER = 'machine-backups';

const backupFileOf = (disks: MachineDisks, instance: DiskOwner): string =>
  `${incusDirOf(disks.dataDir)}/${BACKUP_FOLDER}/${diskName(instance)}.yaml`;

/**
 * Takes Incus' `backup.yaml` out of the machine's disk, where a link to it stays. Incus puts it beside the root file system, within the
 * limit of the disk, and writes it at each start: a machine that filled its disk could not start again (`disk quota exceeded`).
 *
 * Called before each start, of a machine that is stopped. Where its disk is full already, the limit is lifted until the link is made. The
 * file is made last: as long as it is missing, a call that was cut short is done over, and the limit put back. Throws EngineError.
 */
export const keepBackupOutside = (disks: MachineDisks, instance: IncusInstance): Promise<void> =>
  linkBackup(disks, instance).catch((cause: unknown) => {
    if (cause instanceof EngineError) throw cause;
    // The disk below the pool is full, or another start is at it.
    throw new EngineError(
      'unavailable',
      `the disk of the machine ${instance.name} cannot be prepared: ${String(cause)}`,
      {
        cause,
      },
    );
  });

async function linkBackup(disks: MachineDisks, instance: IncusInstance): Promise<void> {
  const file = backupFileOf(disks, instance);
  // Relative, since the data folder may be moved.
  const target = `../../../../${BACKUP_FOLDER}/${diskName(instance)}.yaml`;
  await withPool(disks, undefined, async (pool) => {
    if ((await lookAtDisk(pool, instance)) !== 'subvolume') return;
    const link = `${pool}/containers/${diskName(instance)}/backup.yaml`;
    const isLinked = (await readlink(link).catch(() => undefined)) === target;
    if (isLinked && !(await isAbsent(file))) return;
    let isLimited = !isLinked && !(await isAbsent(link));
    if (!isLinked) {
      await rm(link, { force: true });
      await symlink(target, link).catch(async (error: NodeJS.ErrnoException) => {
        if (error.errno !== -EDQUOT) throw error;
        isLimited = false;
        await limitDisk(disks, instance, 'none');
        await symlink(target, link);
      });
    }
    if (!isLimited) await limitDisk(disks, instance, limitOf(instance));
    await mkdir(dirname(file), { mode: 0o700, recursive: true });
    await (await open(file, 'a', 0o600)).close();
  });
}

/** What `keepBackupOutside` made for a machine that is removed. */
export const removeBackup = (disks: MachineDisks, instance: DiskOwner): Promise<void> =>
  rm(backupFileOf(disks, instance), { force: true });

/**
 * Lifts the limit of a stopped machine's disk for its next start: on a full disk even the ownership that Incus sets there may be refused.
 * The hook of that start puts the limit back before the first process begins (run-record.ts).
 */
export async function liftLimit(disks: MachineDisks, instance: IncusInstance, logFolder: string): Promise<void> {
  await writeFile(
    `${logFolder}/${LIMIT}`,
    `${limitOf(instance)}\n${await groupOf(disks, instance)}\n${poolPath(disks)}\n`,
  );
  await limitDisk(disks, instance, 'none');
}

const limitOf = (instance: IncusInstance): string => instance.devices['root']?.['size']?.replace(/iB$/, '') ?? 'none';

const poolPath = (disks: MachineDisks): string => `${incusDirOf(disks.dataDir)}/storage-pools/${POOL_NAME}`;

const diskPath = (disks: MachineDisks, instance: DiskOwner): string =>
  `${poolPath(disks)}/containers/${diskName(instance)}`;

async function limitDisk(disks: MachineDisks, instance: DiskOwner, size: string): Promise<void> {
  await runBtrfs(disks, ['qgroup', 'limit', size, await groupOf(disks, instance), poolPath(disks)]);
}

/** By its number: on a disk without a free byte btrfs refuses the same when it is asked by the disk's own path. */
const groupOf = async (disks: MachineDisks, instance: DiskOwner): Promise<string> =>
  `0/${(await runBtrfs(disks, ['inspect-internal', 'rootid', diskPath(disks, instance)])).trim()}`;

const runBtrfs = async (disks: MachineDisks, words: readonly string[]): Promise<string> =>
  (await runCommand('nsenter', [`--mount=${disks.mountPin}`, '--', 'btrfs', ...words])).stdout;

/**
 * Gives the mounted pool's path, without a program started, as each look at a stopped machine does this: by way of incusd's root, since
 * only there is it mounted, and held open, so that it is the same one from first to last. `unknown` where it is not mounted.
 */
export async function withPool<T>(disks: MachineDisks, unknown: T, look: (pool: string) => Promise<T>): Promise<T> {
  const daemon = await findDaemon(disks.dataDir);
  if (daemon === undefined) return unknown;
  let pool: FileHandle;
  try {
    // An absolute link in the path would lead out of that root.
    const incusDir = await realpath(incusDirOf(disks.dataDir));
    pool = await open(`/proc/${daemon.pid}/root${incusDir}/storage-pools/${POOL_NAME}`);
  } catch {
    return unknown;
  }
  try {
    const path = `/proc/self/fd/${pool.fd}`;
    const mounted = (await pool.stat()).ino === SUBVOLUME_INODE && (await statfs(path)).type === BTRFS_MAGIC;
    return mounted ? await look(path) : unknown;
  } finally {
    await pool.close();
  }
}

async function lookAtDisk(pool: string, instance: IncusInstance): Promise<Disk> {
  const path = `${pool}/containers/${diskName(instance)}`;
  try {
    await stat(`${pool}/containers`);
  } catch {
    return 'unknown';
  }
  try {
    if ((await stat(path)).ino === SUBVOLUME_INODE) return 'subvolume';
    return (await readdir(path)).length === 0 ? 'empty folder' : 'folder';
  } catch (error) {
    // What cannot be read (EIO) may well be there.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unknown';
  }
}

const isAbsent = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

const diskName = (instance: DiskOwner): string => `${instance.project}_${instance.name}`;
