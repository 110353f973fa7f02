import { statfsSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { unavailable } from './errors.ts';

const MIB = 1024 ** 2;
/** How long one look is believed, in milliseconds. */
const LOOK_MS = 1_000;

/**
 * Bytes of a file system of this size that are the platform's alone: PostgreSQL and the logs lie there, and a full disk below the storage
 * pool makes that read-only. A twentieth, from 256 MiB to 5 GiB.
 */
export const diskReserve = (bytes: number): number => Math.min(5 * 1024 * MIB, Math.max(256 * MIB, bytes * 0.05));

export interface DiskRoom {
  /** Throws UNAVAILABLE where there is no room for anything new. */
  require(): void;
}

/**
 * Refuses what would be stored before PostgreSQL runs out of disk: it would end, and with it everything else. From a quarter of the
 * reserve on; the rest is for what frees room, and for what is under way.
 */
export function createDiskRoom(folder: string, clock: Pick<Clock, 'monotonic'>): DiskRoom {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isShort = false;
  return {
    require() {
      if (clock.monotonic() - lookedAt >= LOOK_MS) {
        const { blocks, bavail, bsize } = statfsSync(folder);
        isShort = bavail * bsize < diskReserve(blocks * bsize) / 4;
        lookedAt = clock.monotonic();
      }
      if (isShort)
        throw unavailable(
          "the platform's disk is nearly full, so nothing new can be stored; delete something, or try again later",
        );
    },
  };
}
