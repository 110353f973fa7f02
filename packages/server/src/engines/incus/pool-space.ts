import { stat, statfs } from 'node:fs/promises';
import { diskReserve } from '../../kernel/disk-room.ts';
import { fileExists } from '../files.ts';
import { runCommand } from '../run-command.ts';
import { findDaemon, incusDirOf } from './incus-daemon.ts';
import { type MachineDisks, withPool } from './machine-disk.ts';
import { POOL_NAME, poolMarkOf, readPoolMount } from './storage-pool.ts';

/** How much disk there is to promise, and whether the pool can be written to. All sizes are bytes. */
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What of the pool is never promised: images, and what btrfs needs beside the machines' disks. */
export const poolReserve = (bytes: number): number => Math.min(20 * GIB, Math.max(GIB, bytes * 0.1));

export interface PoolMeasure {
  /** Of the file system that the pool is, and what is free in it. */
  readonly size: number;
  readonly free: number;
  /** Of the host's file system that the data folder is in. */
  readonly hostSize: number;
  readonly hostFree: number;
  /** What the pool has of the host's disk already: its sparse file, or its machines' disks where it is a subvolume. */
  readonly taken: number;
}

export interface PoolSpace {
  /** What may be promised to machines in all, those that are there included. */
  readonly promisable: number;
  /** What is short, in words for the operator. */
  readonly warning: string | undefined;
}

/**
 * Pure: a pool cannot hold more than the disk below it will give, and neither gives its reserve. What the host's disk loses to others is
 * taken from what may be promised; where it has come so far that a reserve is used, nothing is promised any more, however much may be
 * overcommitted.
 */
export function spaceOf({ size, free, hostSize, hostFree, taken }: PoolMeasure): PoolSpace {
  const backed = taken + hostFree - diskReserve(hostSize);
  const warnings = [
    ...(hostFree < diskReserve(hostSize)
      ? [`the disk of the data folder has ${words(hostFree)} left, and ${words(diskReserve(hostSize))} are reserved`]
      : []),
    ...(free < poolReserve(size) / 2
      ? [`the storage pool has ${words(free)} of ${words(size)} left: delete instances, or files in them`]
      : []),
  ];
  if (warnings.length > 0) return { promisable: 0, warning: warnings.join('; ') };
  return { promisable: Math.max(0, Math.min(size, backed) - poolReserve(size)), warning: undefined };
}

const words = (bytes: number): string =>
  bytes < GIB ? `${Math.floor(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;

/** Undefined where the pool is not mounted. */
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

/** What the disks of all machines refer to, as btrfs counts it for their limits. */
async function sumMachines(disks: MachineDisks): Promise<number> {
  const folder = `${incusDirOf(disks.dataDir)}/storage-pools/${POOL_NAME}`;
  const show = ['btrfs', 'qgroup', 'show', '--raw', '-r', folder];
  // Before the first machine there are no limits to show, and it ends with 1.
  const { stdout } = await runCommand('nsenter', [`--mount=${disks.mountPin}`, '--', ...show], { okCodes: [0, 1] });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[4]?.includes('containers/') === true)
    .reduce((sum, columns) => sum + Number(columns[1]), 0);
}

/** Why nothing can be written to the pool, in words for the operator; undefined where it can be. */
export async function findPoolTrouble(dataDir: string): Promise<string | undefined> {
  const daemon = await findDaemon(dataDir);
  if (daemon === undefined) return 'incusd does not run; the supervisor starts it';
  const incusDir = incusDirOf(dataDir);
  if (!(await fileExists(poolMarkOf(incusDir)))) return 'the storage pool is not made yet; the supervisor makes it';
  const mount = await readPoolMount(daemon.pid, incusDir);
  if (mount === undefined) return 'the storage pool is not mounted';
  return isReadOnly(mount) ? READ_ONLY : undefined;
}

const READ_ONLY =
  'the storage pool became read-only, as btrfs does when the disk below it is full or fails. Once the disk has room the platform mounts it again';

/** btrfs turns the file system read-only, not the mount: it is seen in the last column only. */
const isReadOnly = (mount: string): boolean => mount.split(' ').at(-1)?.split(',')[0] === 'ro';

/** Whether a pool that became read-only can be mounted again: the disk below it has its reserve. */
export async function canMountAgain(dataDir: string): Promise<boolean> {
  if ((await findPoolTrouble(dataDir)) !== READ_ONLY) return false;
  const { blocks, bsize, bavail } = await statfs(dataDir);
  return bavail * bsize > diskReserve(blocks * bsize);
}
