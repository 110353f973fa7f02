import { statfsSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { unavailable } from './errors.ts';

const MIB = 1024 ** 2;
/** Milliseconds between two measurements. */
const LOOK_MS = 1_000;

/**
 * Bytes of a file system of this size that are reserved for the platform: PostgreSQL and the logs need them, and a full disk makes the storage
 * pool on it read-only. A twentieth of the size, from 256 MiB to 5 GiB.
 */
export const diskReserve = (bytes: number): number => Math.min(5 * 1024 * MIB, Math.max(256 * MIB, bytes * 0.05));

export interface DiskRoom {
  /** Throws UNAVAILABLE if the disk has too little room for new data. */
  require(): void;
}

/**
 * Refuses new data before PostgreSQL runs out of disk, which would stop the whole platform. It refuses below a quarter of the reserve;
 * that quarter is for operations that free space and for work in progress.
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
