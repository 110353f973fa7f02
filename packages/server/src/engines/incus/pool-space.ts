import { stat, statfs } from 'node:fs/promises';
import { diskReserve } from '../../kernel/disk-room.ts';
import { fileExists } from '../files.ts';
import { runCommand } from '../run-command.ts';
import { findDaemon, incusDirOf } from './incus-daemon.ts';
import { type MachineDisks, withPool } from './machine-disk.ts';
import { POOL_NAME, poolMarkOf, readPoolMount } from './storage-pool.ts';

/** How much disk can be allocated, and whether the pool is writable. All sizes are in bytes. */
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The part of the pool that is never allocated: for images and for btrfs itself. */
export const poolReserve = (bytes: number): number => Math.min(20 * GIB, Math.max(GIB, bytes * 0.1));

export interface PoolMeasure {
  /** Size of the pool's file system, and its free space. */
  readonly size: number;
  readonly free: number;
  /** The same for the host's file system with the data folder. */
  readonly hostSize: number;
  readonly hostFree: number;
  /** Space that the pool already occupies on the host's disk: its sparse file, or the machines' disks if it is a subvolume. */
  readonly taken: number;
}

export interface PoolSpace {
  /** Disk that can be allocated in all, including existing machines. */
  readonly promisable: number;
  /** A sentence for the operator about what is running low. */
  readonly warning: string | undefined;
}

/**
 * Computes the allocatable disk. Pure. A pool cannot hold more than the disk below it, and both keep a reserve. Space that other files take on
 * the host's disk reduces it. When a reserve is in use, nothing more is allocated, whatever the overcommit factor.
 */
export function spaceOf({ size, free, hostSize, hostFree, taken }: PoolMeasure): PoolSpace {
  const backed = taken + hostFree - diskReserve(hostSize);
  const warnings = [
    ...(hostFree < diskReserve(hostSize)
      ? [
          `the disk of the data folder has ${words(hostFree)} left, and the platform reserves ${words(diskReserve(hostSize))}; free some space on it`,
        ]
      : []),
    ...(free < poolReserve(size) / 2
      ? [`the storage pool has ${words(free)} of ${words(size)} left; delete instances, or files in them`]
      : []),
  ];
  if (warnings.length > 0) return { promisable: 0, warning: warnings.join('; ') };
  return { promisable: Math.max(0, Math.min(size, backed) - poolReserve(size)), warning: undefined };
}

const words = (bytes: number): string =>
  bytes < GIB ? `${Math.floor(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;

/** Undefined if the pool is not mounted. */
export async function measurePool(disks: MachineDisks): Promise<PoolMeasure | undefined> {
  const host = await statfs(disks.dataDir);
  const pool = await withPool(disks, undefined, (path) => statfs(path));
  if (pool === undefined) return undefined;
  const file = await stat(`${incusDirOf(disks.dataDir)}/disks/${POOL_NAME}.img`).catch(() => undefined);
  return {
    size: pool.blocks * pool.bsize,
    free: pool.bavail * pool.bsize,
    hostSize: host.blocks * host.bsize,
    hostFree: host.bavail * host.bsize,
    taken: file === undefined ? await sumMachines(disks) : file.blocks * 512,
  };
}

/** Bytes of all machines' disks, as btrfs counts them for the limits. */
async function sumMachines(disks: MachineDisks): Promise<number> {
  const folder = `${incusDirOf(disks.dataDir)}/storage-pools/${POOL_NAME}`;
  const show = ['btrfs', 'qgroup', 'show', '--raw', '-r', folder];
  // Before the first machine there are no quotas, and btrfs ends with 1.
  const { stdout } = await runCommand('nsenter', [`--mount=${disks.mountPin}`, '--', ...show], { okCodes: [0, 1] });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[4]?.includes('containers/') === true)
    .reduce((sum, columns) => sum + Number(columns[1]), 0);
}

/** Why the pool is not writable, as a sentence for the operator. Undefined if it is writable. */
export async function findPoolTrouble(dataDir: string): Promise<string | undefined> {
  const daemon = await findDaemon(dataDir);
  if (daemon === undefined) return 'incusd is not running; the supervisor starts it';
  const incusDir = incusDirOf(dataDir);
  if (!(await fileExists(poolMarkOf(incusDir))))
    return 'the storage pool does not exist yet; the supervisor creates it';
  const mount = await readPoolMount(daemon.pid, incusDir);
  if (mount === undefined) return 'the storage pool is not mounted';
  return isReadOnly(mount) ? READ_ONLY : undefined;
}

const READ_ONLY =
  'the storage pool became read-only, because the disk below it is full or has failed. When the disk has space again, the platform mounts the pool again';

/** btrfs makes the file system read-only, not the mount, so only the last column shows it. */
const isReadOnly = (mount: string): boolean => mount.split(' ').at(-1)?.split(',')[0] === 'ro';

/** Whether a read-only pool can be mounted again: the disk below it has its reserve. */
export async function canMountAgain(dataDir: string): Promise<boolean> {
  if ((await findPoolTrouble(dataDir)) !== READ_ONLY) return false;
  const { blocks, bsize, bavail } = await statfs(dataDir);
  return bavail * bsize > diskReserve(blocks * bsize);
}
