import { describe, expect, it } from 'vitest';
import { NODE, placesOf } from './places.ts';

describe('the picture of a network', () => {
  it('has one column on a narrow screen', () => {
    const { columns, width, places } = placesOf(3, 300);
    expect([columns, width]).toEqual([1, 300]);
    expect(new Set(places.map(({ x }) => x)).size).toBe(1);
  });

  it('puts no member over another, and all inside', () => {
    const { width, height, places } = placesOf(200, 1_000);
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(200);
    for (const { x, y } of places) {
      expect(x >= 0 && x + NODE.width <= width).toBe(true);
      expect(y + NODE.height <= height).toBe(true);
    }
  });

  it('centres few members', () => {
    const { places, width } = placesOf(1, 1_000);
    expect(places[0]!.x + NODE.width / 2).toBe(width / 2);
  });
});
