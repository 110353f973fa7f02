/** The proofs of the audit trail, for Node: how rows are hashed and checkpoints signed, and how an export is verified without a server. */
export { canonicalJson, type Json } from './canonical.ts';
export type { ExportLine, InclusionProof } from './lines.ts';
export { allPaths, leafHash, rootOf, writePath } from './merkle.ts';
export { rowPath, verifyProof } from './proof.ts';
export {
  type AuditRow,
  type Checkpoint,
  cutLeaves,
  type Entry,
  hashCheckpoint,
  hashEntry,
  idOfLeaf,
  LEAF_BYTES,
  leafOf,
  NO_HASH,
  PLATFORM,
  readPublicKey,
  signCheckpoint,
  writePublicKey,
} from './records.ts';
export { type Finding, type Report, type VerifyOptions, verifyExport } from './verify.ts';
