import type { CompactModel } from '../src/model/compact.ts';

/** A model's committed text. One shape a line keeps a bump's diff readable; everything else stays compact. */
export function render({ shapes, ...head }: CompactModel): string {
  return `${JSON.stringify(head).slice(0, -1)},"shapes":[\n${shapes.map((s) => JSON.stringify(s)).join(',\n')}\n]}\n`;
}
