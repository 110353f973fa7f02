import { describe, expect, test, vi } from 'vitest';

// The rest of the console needs a browser.
vi.mock('@thecloud/console', () => ({ createReadings: () => undefined }));
const { depthOf, withCount } = await import('./depth.ts');

const START = Date.parse('2026-01-02T03:04:05Z');
const at = (seconds: number, visible = seconds) => ({
  visible,
  in_flight: 2,
  delayed: 3,
  bytes: 0,
  counted_at: new Date(START + seconds * 1000).toISOString(),
});

describe('the depth of a queue', () => {
  test('has each count once, for ten minutes', () => {
    const two = withCount(withCount([], at(0)), at(2));
    expect(withCount(two, at(2))).toBe(two);
    expect(withCount(two, at(601)).map(({ visible }) => visible)).toEqual([2, 601]);
  });

  test('has a gap where nobody looked', () => {
    const depth = depthOf([at(0), at(2), at(100)]);
    expect(depth.times.map((time) => time - START / 1000)).toEqual([0, 2, 4, 100]);
    expect(depth.visible).toEqual([0, 2, null, 100]);
    expect([depth.inFlight[0], depth.delayed[0]]).toEqual([2, 3]);
  });
});
