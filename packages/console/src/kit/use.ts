export type UseTone = 'calm' | 'near' | 'full';

/** The part from which a bar warns. */
const NEAR = 0.8;

/** How close to its end something is. A maximum of 0 is used up, unless nothing is wanted of it. */
export function toneOfUse(used: number, max: number): UseTone {
  if (used >= max) return used === 0 ? 'calm' : 'full';
  return used / max >= NEAR ? 'near' : 'calm';
}

/** Percent of a bar: a little is seen, and more than all is all. */
export function partOf(used: number, max: number): number {
  if (used <= 0) return 0;
  return max <= 0 ? 100 : Math.min(100, Math.max(1, (used / max) * 100));
}
