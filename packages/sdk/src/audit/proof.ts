import type { KeyObject } from 'node:crypto';
import { type InclusionProof, isCheckpoint, isEntry, isRow } from './lines.ts';
import { climb, leafHash, pathTo, readPath, writePath } from './merkle.ts';
import { hashEntry, isSigned, leafOf } from './records.ts';

/** The steps from the leaf at `index` to the root of an entry's tree, as texts. */
export const rowPath = (leaves: readonly Buffer[], index: number): string[] =>
  writePath(
    pathTo(
      leaves.map((leaf) => leafHash(leaf)),
      index,
    ),
  );

/** Verifies an inclusion proof. Undefined if it holds, else what does not fit, in a sentence without a full stop. */
export function verifyProof(proof: unknown, publicKeys: readonly KeyObject[]): string | undefined {
  const { row, path, entry, entry_path, checkpoint, signature } = (proof ?? {}) as Partial<InclusionProof>;
  const [steps, entrySteps] = [readPath(path), readPath(entry_path)];
  if (
    !isRow(row) ||
    !isEntry(entry) ||
    !isCheckpoint(checkpoint) ||
    typeof signature !== 'string' ||
    !steps ||
    !entrySteps
  )
    return 'this is not an inclusion proof';
  if (!publicKeys.some((key) => isSigned(checkpoint, signature, key)))
    return `the checkpoint ${checkpoint.number} was changed: its signature (key version ${checkpoint.key_version}) fits none of the given public keys`;
  if (climb(hashEntry(entry), entrySteps).toString('hex') !== checkpoint.root)
    return `the entry ${entry.number} of the tenant ${entry.tenant_id} is not in the checkpoint ${checkpoint.number}`;
  if (climb(leafHash(leafOf(row)), steps).toString('hex') !== entry.root)
    return `the row ${row.id} is not in the checkpoint ${checkpoint.number}: it, or the proof, was changed`;
  return undefined;
}
