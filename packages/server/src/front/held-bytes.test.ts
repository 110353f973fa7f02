import { describe, expect, it } from 'vitest';
import { bytesToCome, createHeldBytes } from './held-bytes.ts';
import type { Passage } from './passage.ts';

const MIB = 1 << 20;
const TOTAL = 128 * MIB;

function setUp() {
  let read: () => unknown = () => undefined;
  const held = createHeldBytes({ gauge: (_name, _help, look) => void (read = look) });
  const take = (whose: 'tenant' | 'stranger', name: string, bytes: number) => {
    const ends: (() => void)[] = [];
    held.take(whose, name, bytes, { isOver: false, atEnd: (end: () => void) => void ends.push(end) } as Passage);
    return () => ends.forEach((end) => end());
  };
  const fill = (whose: 'tenant' | 'stranger', name: string) => {
    const ends: (() => void)[] = [];
    for (;;)
      try {
        ends.push(take(whose, name, MIB));
      } catch (error) {
        return { count: ends.length, error, end: () => ends.forEach((end) => end()) };
      }
  };
  return { take, fill, all: () => read() };
}

describe('bodies that are held', () => {
  it('are a quarter of the total for one tenant, and another tenant has its own', () => {
    const { take, fill } = setUp();
    const mine = fill('tenant', 'a');
    expect([mine.count, mine.error]).toEqual([
      32,
      expect.objectContaining({
        code: 'RATE_LIMITED',
        retryAfter: 1,
        message: 'request bodies of 32 MiB of this tenant are in progress; wait for one to be answered',
      }),
    ]);
    take('tenant', 'b', 32 * MIB);
    mine.end();
    expect(fill('tenant', 'a').count).toBe(32);
  });

  it('are a sixteenth for one address that nobody knows, and a quarter for all such', () => {
    const { fill, all } = setUp();
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => fill('stranger', name).count)).toEqual([8, 8, 8, 8, 0]);
    expect(fill('stranger', 'f').error).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
    expect(['a', 'b', 'c', 'd'].map((name) => fill('tenant', name).count)).toEqual([32, 32, 32, 0]);
    expect(fill('tenant', 'd').error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(all()).toBe(TOTAL);
  });

  it('are given back at the end, and leave nothing behind', () => {
    const { take, all } = setUp();
    const ends = [take('tenant', 'a', 7), take('stranger', 'a', 5)];
    expect(all()).toBe(12);
    for (const end of ends) end();
    expect(all()).toBe(0);
  });
});

describe('what a body will take', () => {
  it.each([
    ['its length', { 'content-length': '100' }, 100],
    ['no more than its limit: one that is larger is refused', { 'content-length': '5000' }, 1000],
    ['the limit where no length is stated', { 'transfer-encoding': 'chunked' }, 1000],
    ['the limit where it is to be unpacked', { 'content-length': '100', 'content-encoding': 'gzip' }, 1000],
    ['nothing without one', {}, 0],
    ['nothing where it is empty', { 'content-length': '0', 'content-encoding': 'gzip' }, 0],
  ])('is %s', (_, headers, bytes) => {
    expect(bytesToCome(headers, 1000)).toBe(bytes);
  });
});
