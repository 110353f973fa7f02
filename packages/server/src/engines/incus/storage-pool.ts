import { readFile, realpath, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { fileExists } from '../files.ts';
import { runCommand } from '../run-command.ts';
import type { IncusClient } from './incus-client.ts';
import { mountsBelow } from './mount-namespace.ts';

/** The platform's only pool: btrfs on a loop file in the data folder, or a subvolume if the folder is on btrfs. */
export const POOL_NAME = 'cloud';

/** f_type of btrfs (linux/magic.h). */
export const BTRFS_MAGIC = 0x9123683e;
const GIB = 1024 ** 3;

interface PoolOptions {
  readonly dataDir: string;
  readonly incusDir: string;
  /** Process id of incusd; the pool is mounted only in its namespace. */
  readonly incusd: number;
  readonly poolGb?: number;
  readonly onProgress?: (line: string) => void;
}

/** `Pending`: its creation was interrupted. */
interface ListedPool {
  readonly name: string;
  readonly status: string;
  readonly used_by: readonly string[] | null;
}

/** Exists since the pool was first usable. Before that, nothing is stored in the pool. */
export const poolMarkOf = (incusDir: string): string => `${incusDir}/thecloud-pool-made`;

/** The pool's line of /proc/PID/mountinfo, read through incusd, because it is mounted only there. Undefined if it is not mounted or not btrfs. */
export async function readPoolMount(incusd: number, incusDir: string): Promise<string | undefined> {
  const point = `${await realpath(incusDir)}/storage-pools/${POOL_NAME}`;
  const mounts = await readFile(`/proc/${incusd}/mountinfo`, 'utf8');
  // A space in a path is written as \040.
  const mount = mounts.split('\n').findLast((line) => line.split(' ')[4]?.replaceAll('\\040', ' ') === point);
  return mount?.includes(' - btrfs ') ? mount : undefined;
}

/**
 * Creates the pool if it is absent, and again if its creation was interrupted. Never touches a pool that may hold data;
 * `findPoolTrouble` reports what is wrong with it.
 */
export async function ensurePool(client: IncusClient, options: PoolOptions): Promise<void> {
  const { incusDir, incusd, onProgress } = options;
  const mark = poolMarkOf(incusDir);
  const read = async (): Promise<ListedPool | undefined> => {
    const pools = await client.list<ListedPool>('/1.0/storage-pools', { query: { recursion: '1' } });
    return pools.find(({ name }) => name === POOL_NAME);
  };
  const isUsable = async (pool: ListedPool): Promise<boolean> =>
    pool.status !== 'Pending' && (await readPoolMount(incusd, incusDir)) !== undefined;
  let pool = await read();
  if (pool !== undefined && !(await isUsable(pool))) {
    if ((await fileExists(mark)) || (pool.used_by ?? []).length > 0) return;
    onProgress?.('the storage pool is incomplete; creating it again');
    await clearUnfinished(options);
    await client.call('DELETE', `/1.0/storage-pools/${POOL_NAME}`, { timeoutMs: 60_000 });
    pool = undefined;
  }
  if (pool === undefined) {
    await makePool(client, options);
    pool = await read();
  }
  if (pool !== undefined && (await isUsable(pool))) await writeFile(mark, '', { flush: true });
}

async function makePool(client: IncusClient, options: PoolOptions): Promise<void> {
  if (await fileExists(poolMarkOf(options.incusDir))) {
    throw new EngineError(
      'failed',
      `Incus has lost its storage pool, which may hold instances' disks: restore ${options.incusDir}, or remove it to start with an empty pool`,
    );
  }
  await clearUnfinished(options);
  // An incusd that is killed early has made the pool's folder and not yet its row, and refuses the folder later. What is not empty stays.
  await rmdir(`${options.incusDir}/storage-pools/${POOL_NAME}`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  });
  const disk = await statfs(options.dataDir);
  const config: Record<string, string> = {};
  if (disk.type === BTRFS_MAGIC && options.poolGb === undefined) {
    config['source'] = `${options.dataDir}/pool`;
    options.onProgress?.('creating the storage pool, a btrfs subvolume');
  } else {
    const gb = options.poolGb ?? defaultPoolGb(disk.bavail * disk.bsize);
    if (gb * GIB > disk.bavail * disk.bsize) {
      throw new EngineError(
        'invalid',
        `a storage pool of ${gb} GiB does not fit: ${Math.floor((disk.bavail * disk.bsize) / GIB)} GiB are free in ${options.dataDir}`,
      );
    }
    config['size'] = `${gb}GiB`;
    options.onProgress?.(`creating the storage pool, btrfs on a sparse file of ${gb} GiB`);
  }
  await client.call('POST', '/1.0/storage-pools', {
    body: { name: POOL_NAME, driver: 'btrfs', config },
    timeoutMs: 60_000,
  });
}

/** Removes mounts and loop devices of a killed incusd, and the still empty pool file. */
async function clearUnfinished({ incusDir, incusd }: PoolOptions): Promise<void> {
  const folder = `${incusDir}/storage-pools`;
  const mounted = mountsBelow(await readFile(`/proc/${incusd}/mounts`, 'utf8'), folder);
  for (const path of mounted.filter((one) => `${one}/`.startsWith(`${folder}/${POOL_NAME}/`)))
    await runCommand('nsenter', [`--target=${incusd}`, '--mount', '--', 'umount', path]);
  const file = `${incusDir}/disks/${POOL_NAME}.img`;
  if (!(await fileExists(file))) return;
  const { stdout } = await runCommand('losetup', ['--noheadings', '--output=NAME', '--associated', file]);
  for (const device of stdout.split('\n').filter(Boolean)) await runCommand('losetup', ['--detach', device.trim()]);
  await rm(file);
}

/** Three quarters of the free disk: the file is sparse, and the rest is for PostgreSQL, images and logs. Allocation follows the real disk. */
export function defaultPoolGb(freeBytes: number): number {
  return Math.max(5, Math.floor((freeBytes / GIB) * 0.75));
}

/**
 * Stores metadata once. By default, btrfs stores it twice but counts it once for a machine's limit, so a disk of small files took twice its
 * allocation. Only for a pool in its own file, at its start: 0.2 s for a new pool, no time later.
 */
export async function keepMetadataSingle(dataDir: string, mountPin: string): Promise<void> {
  const file = await stat(`${dataDir}/incus/disks/${POOL_NAME}.img`).catch(() => undefined);
  if (file === undefined) return;
  const folder = `${dataDir}/incus/storage-pools/${POOL_NAME}`;
  const inPool = (args: readonly string[]) =>
    runCommand('nsenter', [`--mount=${mountPin}`, '--', 'btrfs', ...args, folder], { timeoutMs: 60_000 });
  const { stdout } = await inPool(['filesystem', 'df']);
  if (!/DUP/.test(stdout)) return;
  await inPool(['balance', 'start', '-f', '-mconvert=single', '-sconvert=single']);
}
