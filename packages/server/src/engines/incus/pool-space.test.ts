import { describe, expect, it } from 'vitest';
import { type PoolMeasure, spaceOf } from './pool-space.ts';

const GIB = 1024 ** 3;
/** A pool of 100 GiB, ten of them used, in a sparse file on a disk of 300 GiB. */
const USUAL: PoolMeasure = {
  size: 100 * GIB,
  free: 90 * GIB,
  hostSize: 300 * GIB,
  hostFree: 200 * GIB,
  taken: 10 * GIB,
};
const promisable = (more: Partial<PoolMeasure>): number => spaceOf({ ...USUAL, ...more }).promisable / GIB;

describe('what of the disk may be promised', () => {
  it('is the pool without its reserve, a tenth and at least 1 GiB', () => {
    expect(spaceOf(USUAL)).toEqual({ promisable: 90 * GIB, warning: undefined });
    expect(promisable({ size: 4 * GIB, free: 4 * GIB })).toBe(3);
  });

  it('is no more than the disk below the pool will give, its own reserve apart', () => {
    // 10 GiB taken, 60 free, 5 of them reserved.
    expect(promisable({ hostFree: 60 * GIB })).toBe(10 + 60 - 5 - 10);
    // What machines write moves from free to taken and changes nothing.
    expect(promisable({ hostFree: 40 * GIB, taken: 30 * GIB })).toBe(55);
  });

  it('is nothing where a reserve is being used, and says which', () => {
    const pool = spaceOf({ ...USUAL, free: 4 * GIB });
    expect(pool).toEqual({
      promisable: 0,
      warning: 'the storage pool has 4.0 GiB of 100.0 GiB left; delete instances, or files in them',
    });
    const host = spaceOf({ ...USUAL, hostSize: 2 * GIB, hostFree: 100 * 1024 ** 2 });
    expect(host).toEqual({
      promisable: 0,
      warning: 'the disk of the data folder has 100 MiB left, and the platform reserves 256 MiB; free some space on it',
    });
  });
});
