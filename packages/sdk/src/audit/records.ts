import { createPublicKey, type KeyObject, type KeyLike, sign, verify } from 'node:crypto';
import { canonicalJson, type Json } from './canonical.ts';
import { HASH_BYTES, leafHash, sha256 } from './merkle.ts';

/** A row of the audit trail, as the API, an export and the hash show it. Members without a value are absent. */
export interface AuditRow {
  readonly id: string;
  /** The order of writing, as a decimal text. */
  readonly seq: string;
  /** The database transaction that wrote the row, as a decimal text. */
  readonly xid: string;
  /** UTC with microseconds: `2026-11-30T17:00:00.123456Z`. */
  readonly created_at: string;
  readonly tenant_id?: string;
  readonly user_id: string;
  readonly actor?: string;
  readonly key_id?: string;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id?: string;
  readonly outcome: string;
  readonly details?: Json;
  readonly ip_address?: string;
  readonly user_agent?: string;
  readonly request_id?: string;
}

/** What the platform signs each minute. */
export interface Checkpoint {
  /** 1, 2, 3 … over the whole platform. */
  readonly number: string;
  /** It covers every row whose transaction is at least this … */
  readonly from_xid: string;
  /** … and less than this. */
  readonly to_xid: string;
  /** Root of the tree over the entries, in hex. */
  readonly root: string;
  /** Hash of the checkpoint before, in hex; zeros in the first. */
  readonly previous_hash: string;
  readonly created_at: string;
  readonly key_version: number;
}

/** A tenant's part of a checkpoint. */
export interface Entry {
  /** The platform's own rows, which belong to no tenant, have PLATFORM. */
  readonly tenant_id: string;
  /** 1, 2, 3 … of this tenant. */
  readonly number: string;
  readonly row_count: string;
  /** Root of the tree over the tenant's rows, in hex. */
  readonly root: string;
  /** Hash of the tenant's entry before, in hex; zeros in the first. */
  readonly previous_hash: string;
}

/** Stands for the tenant of rows that have none, such as a failed login. */
export const PLATFORM = '00000000-0000-0000-0000-000000000000';
/** What the first of a chain has as the hash before it. */
export const NO_HASH = '0'.repeat(64);
/** Bytes that a row takes in the list of an entry's rows: its id and the hash of its canonical text. */
export const LEAF_BYTES = 16 + HASH_BYTES;

const SIGNED_AS = 'thecloud audit checkpoint 1\n';

const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

/** The id that a leaf of a row begins with. */
export function idOfLeaf(leaf: Uint8Array): string {
  const hex = Buffer.from(leaf.subarray(0, 16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The leaf of a row: the 16 bytes of its id, then SHA-256 of its canonical text. */
export const leafOf = (row: AuditRow): Buffer =>
  Buffer.concat([idBytes(row.id), sha256(canonicalJson(row as unknown as Json))], LEAF_BYTES);

/** Cuts a list of leaves. Undefined if its length is not a multiple of LEAF_BYTES. */
export function cutLeaves(list: Buffer): Buffer[] | undefined {
  if (list.length % LEAF_BYTES !== 0) return undefined;
  return Array.from({ length: list.length / LEAF_BYTES }, (_, nth) =>
    list.subarray(nth * LEAF_BYTES, (nth + 1) * LEAF_BYTES),
  );
}

/** The hash of an entry, which is its leaf in the checkpoint's tree. */
export const hashEntry = (entry: Entry): Buffer => leafHash(canonicalJson(entry as unknown as Json));

const signedText = (checkpoint: Checkpoint): Buffer =>
  Buffer.from(SIGNED_AS + canonicalJson(checkpoint as unknown as Json));

/** The hash of a checkpoint, by which the next one names it. */
export const hashCheckpoint = (checkpoint: Checkpoint): Buffer => sha256(signedText(checkpoint));

/** Signs a checkpoint with an Ed25519 private key. Base64. */
export const signCheckpoint = (checkpoint: Checkpoint, privateKey: KeyLike): string =>
  sign(null, signedText(checkpoint), privateKey).toString('base64');

/** Whether the signature is this key's. */
export const isSigned = (checkpoint: Checkpoint, signature: string, publicKey: KeyObject): boolean =>
  verify(null, signedText(checkpoint), publicKey, Buffer.from(signature, 'base64'));

/** Bytes before the 32 of an Ed25519 public key in SubjectPublicKeyInfo (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A public key as one line: the 32 bytes in base64. */
export const writePublicKey = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length).toString('base64');

/** Reads what `writePublicKey` wrote. Undefined for anything else. */
export function readPublicKey(text: string): KeyObject | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== text) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' });
}
