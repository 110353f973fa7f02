import { type FileHandle, lstat, open, realpath, stat } from 'node:fs/promises';
import { runCommand } from '../run-command.ts';
import type { IncusInstance } from './incus-client.ts';
import { findDaemon, incusDirOf } from './incus-daemon.ts';
import { POOL_NAME } from './storage-pool.ts';

/**
 * What an incusd that dies while it makes a machine leaves of its disk. It writes the machine into its database, makes the subvolume
 * (a snapshot of the image's), limits it, and last links to it; a start that finds no subvolume makes a plain folder in its place,
 * which Incus then refuses to delete ("Not a Btrfs subvolume").
 */
export interface MachineDisks {
  readonly dataDir: string;
  readonly mountPin: string;
}

/** The root of every btrfs subvolume has this inode number (BTRFS_FIRST_FREE_OBJECTID), and no other folder has it. */
const SUBVOLUME_INODE = 256;

/** `unknown` where the pool is not mounted or the disk cannot be looked at: then nothing can be said of it. */
type Disk = 'subvolume' | 'folder' | 'none' | 'unknown';

/**
 * Whether there is nothing on this machine's disk that could be lost: it has none, or it was never finished. False in doubt.
 */
export async function isDiskless(disks: MachineDisks, instance: IncusInstance): Promise<boolean> {
  const disk = await lookAtDisk(disks, instance);
  if (disk === 'none' || disk === 'folder') return true;
  const hasRun = instance.config['volatile.last_state.power'] !== undefined;
  return disk === 'subvolume' && !hasRun && !(await hasLink(disks, instance));
}

/** Takes a plain folder away that stands where the disk should be; true when there was one. */
export async function removeStrayFolder(disks: MachineDisks, instance: IncusInstance): Promise<boolean> {
  if ((await lookAtDisk(disks, instance)) !== 'folder') return false;
  const disk = `${incusDirOf(disks.dataDir)}/storage-pools/${POOL_NAME}/containers/${diskName(instance)}`;
  await runCommand('nsenter', [`--mount=${disks.mountPin}`, '--', 'rm', '-rf', '--one-file-system', '--', disk]);
  return true;
}

/** Starts no program: each look at a stopped machine does this. The pool is held open, so that it is the same one from first to last. */
async function lookAtDisk(disks: MachineDisks, instance: IncusInstance): Promise<Disk> {
  const pool = await openPool(disks);
  if (pool === undefined) return 'unknown';
  try {
    if ((await pool.stat()).ino !== SUBVOLUME_INODE) return 'unknown';
    const { ino } = await stat(`/proc/self/fd/${pool.fd}/containers/${diskName(instance)}`);
    return ino === SUBVOLUME_INODE ? 'subvolume' : 'folder';
  } catch (error) {
    // What cannot be read (EIO) may well be there.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unknown';
  } finally {
    await pool.close();
  }
}

/** By way of incusd's root: only there is the pool mounted. An absolute link in the path would lead out of that root. */
async function openPool(disks: MachineDisks): Promise<FileHandle | undefined> {
  const daemon = await findDaemon(disks.dataDir);
  if (daemon === undefined) return undefined;
  const incusDir = await realpath(incusDirOf(disks.dataDir));
  return open(`/proc/${daemon.pid}/root${incusDir}/storage-pools/${POOL_NAME}`).catch(() => undefined);
}

async function hasLink(disks: MachineDisks, instance: IncusInstance): Promise<boolean> {
  try {
    await lstat(`${incusDirOf(disks.dataDir)}/containers/${diskName(instance)}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

const diskName = (instance: IncusInstance): string => `${instance.project}_${instance.name}`;
