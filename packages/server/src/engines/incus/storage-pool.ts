import { statfs } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
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
