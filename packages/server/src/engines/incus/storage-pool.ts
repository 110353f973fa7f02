import { stat, statfs } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { runCommand } from '../run-command.ts';
import type { IncusClient } from './incus-client.ts';

/** The platform's one pool: btrfs on a loop file in the data folder, or a subvolume where the folder is on btrfs. */
export const POOL_NAME = 'cloud';

/** f_type of btrfs (linux/magic.h). */
export const BTRFS_MAGIC = 0x9123683e;
const GIB = 1024 ** 3;

export async function ensurePool(
  client: IncusClient,
  options: { readonly dataDir: string; readonly poolGb?: number; readonly onProgress?: (line: string) => void },
): Promise<void> {
  const pools = await client.list<{ readonly name: string }>('/1.0/storage-pools');
  if (pools.some((pool) => pool.name === POOL_NAME)) return;
  const disk = await statfs(options.dataDir);
  const config: Record<string, string> = {};
  if (disk.type === BTRFS_MAGIC && options.poolGb === undefined) {
    config['source'] = `${options.dataDir}/pool`;
    options.onProgress?.('making the storage pool, a btrfs subvolume');
  } else {
    const gb = options.poolGb ?? defaultPoolGb(disk.bavail * disk.bsize);
    if (gb * GIB > disk.bavail * disk.bsize) {
      throw new EngineError(
        'invalid',
        `a storage pool of ${gb} GiB does not fit: ${Math.floor((disk.bavail * disk.bsize) / GIB)} GiB are free in ${options.dataDir}`,
      );
    }
    config['size'] = `${gb}GiB`;
    options.onProgress?.(`making the storage pool, btrfs on a sparse file of ${gb} GiB`);
  }
  await client.call('POST', '/1.0/storage-pools', {
    body: { name: POOL_NAME, driver: 'btrfs', config },
    timeoutMs: 60_000,
  });
}

/** Half of what is free: the file is sparse, and a full disk under it would end the pool. */
export function defaultPoolGb(freeBytes: number): number {
  return Math.max(5, Math.floor(freeBytes / GIB / 2));
}

/**
 * Stores metadata once. By default btrfs stores it twice, but counts it once to a machine's limit: a disk of small files took twice the
 * room that was promised. Done for a pool in its own file only, at its start: 0.2 s for a new one, nothing later.
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
