import { lstat } from 'node:fs/promises';
import { runCommand } from '../run-command.ts';
import type { IncusInstance } from './incus-client.ts';
import { POOL_NAME } from './storage-pool.ts';

/**
 * What an incusd that dies while it makes a machine leaves of its disk. It writes the machine into its database, makes the subvolume
 * (a snapshot of the image's), limits it, and last links to it; a start that finds no subvolume makes a plain folder in its place,
 * which Incus then refuses to delete ("Not a Btrfs subvolume").
 */
export interface MachineDisks {
  readonly mountPin: string;
  readonly incusDir: string;
}

/** The root of every btrfs subvolume has this inode number (BTRFS_FIRST_FREE_OBJECTID), and no other folder has it. */
const SUBVOLUME_INODE = '256';

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
  await runInPool(disks, ['rm', '-rf', '--one-file-system', '--', diskPath(disks, instance)]);
  return true;
}

async function lookAtDisk(disks: MachineDisks, instance: IncusInstance): Promise<Disk> {
  const looked = await runInPool(disks, ['stat', '-L', '-c', '%i', poolPath(disks), diskPath(disks, instance)]);
  const [pool, disk] = looked.stdout.split('\n');
  if (pool !== SUBVOLUME_INODE) return 'unknown';
  // What cannot be read (EIO) may well be there.
  if (!disk) return looked.stderr.trimEnd().endsWith('No such file or directory') ? 'none' : 'unknown';
  return disk === SUBVOLUME_INODE ? 'subvolume' : 'folder';
}

async function hasLink(disks: MachineDisks, instance: IncusInstance): Promise<boolean> {
  try {
    await lstat(`${disks.incusDir}/containers/${diskName(instance)}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** In the mount namespace of incusd: only there is the pool mounted. */
const runInPool = (disks: MachineDisks, command: readonly string[]) =>
  runCommand('nsenter', [`--mount=${disks.mountPin}`, '--', ...command], { okCodes: [0, 1] });

const poolPath = (disks: MachineDisks): string => `${disks.incusDir}/storage-pools/${POOL_NAME}`;
const diskName = (instance: IncusInstance): string => `${instance.project}_${instance.name}`;
const diskPath = (disks: MachineDisks, instance: IncusInstance): string =>
  `${poolPath(disks)}/containers/${diskName(instance)}`;
