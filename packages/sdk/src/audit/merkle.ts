import crypto from 'node:crypto';

// The hash tree of RFC 6962, section 2.1, over SHA-256.

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;

/** One step from a leaf to the root: the hash beside, and on which side of ours it stands. */
export interface Step {
  readonly side: 'left' | 'right';
  readonly hash: Buffer;
}

const NODE = Buffer.from([1]);
const LEAF = Buffer.from([0]);

/** SHA-256 of a text in UTF-8 or of bytes. In one call where Node has it (20.12): the object of a hash costs more than a row's hash. */
export const sha256: (data: string | Uint8Array) => Buffer =
  typeof crypto.hash === 'function'
    ? (data) => crypto.hash('sha256', data, 'buffer')
    : (data) => crypto.createHash('sha256').update(data).digest();

/** The hash of a leaf: SHA-256 of 0x00 and its data. */
export const leafHash = (data: string | Uint8Array): Buffer =>
  sha256(Buffer.concat([LEAF, typeof data === 'string' ? Buffer.from(data) : data]));

const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.concat([NODE, left, right]));

/** The level above: pairs are hashed, a last one without a partner goes up as it is. That gives RFC 6962's tree. */
function levelAbove(level: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let at = 0; at < level.length; at += 2)
    above.push(at + 1 < level.length ? nodeHash(level[at]!, level[at + 1]!) : level[at]!);
  return above;
}

/** The root over hashes of leaves. Throws RangeError without any: a tree that covers nothing is never made. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) throw new RangeError('a hash tree needs at least one leaf');
  let level = leaves;
  while (level.length > 1) level = levelAbove(level);
  return level[0]!;
}

/** The steps from the leaf at `index` to the root. */
export function pathTo(leaves: readonly Buffer[], index: number): Step[] {
  if (!(index >= 0 && index < leaves.length)) throw new RangeError(`there is no leaf ${index}`);
  return allPaths(leaves, [index])[0]!;
}

/** The steps from each of these leaves to the root, with every level hashed once. */
export function allPaths(leaves: readonly Buffer[], indexes: readonly number[]): Step[][] {
  const paths = indexes.map((): Step[] => []);
  const places = [...indexes];
  for (let level = leaves; level.length > 1; level = levelAbove(level)) {
    for (const [nth, place] of places.entries()) {
      const beside = level[place ^ 1];
      if (beside) paths[nth]!.push({ side: place % 2 === 1 ? 'left' : 'right', hash: beside });
      places[nth] = place >> 1;
    }
  }
  return paths;
}

/** The root to which these steps lead from a leaf's hash. */
export const climb = (leaf: Buffer, path: readonly Step[]): Buffer =>
  path.reduce(
    (below, { side, hash: beside }) => (side === 'left' ? nodeHash(beside, below) : nodeHash(below, beside)),
    leaf,
  );

/** Steps as texts: `L` or `R` and the hash in hex. */
export const writePath = (path: readonly Step[]): string[] =>
  path.map(({ side, hash: beside }) => (side === 'left' ? 'L' : 'R') + beside.toString('hex'));

const STEP = /^[LR][0-9a-f]{64}$/;

/** Reads what `writePath` wrote. Undefined if a step has another form, or if there are more than a tree can have. */
export function readPath(texts: unknown): Step[] | undefined {
  if (!Array.isArray(texts) || texts.length > 64) return undefined;
  const path: Step[] = [];
  for (const text of texts) {
    if (typeof text !== 'string' || !STEP.test(text)) return undefined;
    path.push({ side: text.startsWith('L') ? 'left' : 'right', hash: Buffer.from(text.slice(1), 'hex') });
  }
  return path;
}
