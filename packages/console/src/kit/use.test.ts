import { describe, expect, it } from 'vitest';
import { partOf, toneOfUse } from './use.ts';

describe('a bar of what is used', () => {
  it('warns from 80 % on, and says when nothing is left', () => {
    expect([0, 7, 8, 9, 10, 11].map((used) => toneOfUse(used, 10))).toEqual([
      'calm',
      'calm',
      'near',
      'near',
      'full',
      'full',
    ]);
  });

  it('of a maximum of 0 is full as soon as something is used', () => {
    expect(toneOfUse(0, 0)).toBe('calm');
    expect(toneOfUse(1, 0)).toBe('full');
    expect(partOf(1, 0)).toBe(100);
  });

  it('shows a little of much, and never more than all', () => {
    expect(partOf(0, 1000)).toBe(0);
    expect(partOf(1, 100_000)).toBe(1);
    expect(partOf(50, 100)).toBe(50);
    expect(partOf(300, 100)).toBe(100);
  });
});
