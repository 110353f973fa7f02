import type { AuditRow, Checkpoint, Entry } from './records.ts';

/**
 * The lines of an export, one JSON object each, in this order: `export`; for each checkpoint `checkpoint`, its `entry` lines and the `row`
 * lines that it covers; `uncovered` and the rows that no checkpoint covers yet; `end`.
 */
export type ExportLine =
  | {
      readonly type: 'export';
      readonly format: 1;
      readonly tenant_id?: string;
      /** It begins with the first checkpoint. */
      readonly from_start?: true;
    }
  | { readonly type: 'checkpoint'; readonly checkpoint: Checkpoint; readonly signature: string }
  | {
      readonly type: 'entry';
      readonly entry: Entry;
      /** From the entry's hash to the checkpoint's root. */
      readonly path: readonly string[];
      /** The leaves of the entry's tree in base64. Absent if the rows were archived and pruned. */
      readonly leaves?: string;
    }
  | { readonly type: 'row'; readonly row: AuditRow }
  | { readonly type: 'uncovered' }
  | { readonly type: 'end'; readonly rows: number };

/** That one row was in the trail when the checkpoint was signed. */
export interface InclusionProof {
  readonly row: AuditRow;
  /** From the row's leaf to the entry's root. */
  readonly path: readonly string[];
  readonly entry: Entry;
  /** From the entry's hash to the checkpoint's root. */
  readonly entry_path: readonly string[];
  readonly checkpoint: Checkpoint;
  readonly signature: string;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is string => isText(value) && /^\d{1,20}$/.test(value);
const isHash = (value: unknown): value is string => isText(value) && /^[0-9a-f]{64}$/.test(value);
const isId = (value: unknown): value is string =>
  isText(value) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isCheckpoint = (value: unknown): value is Checkpoint =>
  isObject(value) &&
  [value.number, value.from_xid, value.to_xid].every(isNumber) &&
  isHash(value.root) &&
  isHash(value.previous_hash) &&
  isText(value.created_at) &&
  Number.isInteger(value.key_version);

export const isEntry = (value: unknown): value is Entry =>
  isObject(value) &&
  isId(value.tenant_id) &&
  [value.number, value.row_count].every(isNumber) &&
  isHash(value.root) &&
  isHash(value.previous_hash);

export const isRow = (value: unknown): value is AuditRow => isObject(value) && isId(value.id) && isNumber(value.xid);

/** Reads a line. Undefined if it does not belong in an export. */
export function readLine(text: string): ExportLine | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    // The caller reports the number of a line that is not JSON.
    return undefined;
  }
  if (!isObject(line)) return undefined;
  const isGood =
    (line.type === 'export' && line.format === 1) ||
    (line.type === 'checkpoint' && isCheckpoint(line.checkpoint) && isText(line.signature)) ||
    (line.type === 'entry' &&
      isEntry(line.entry) &&
      Array.isArray(line.path) &&
      ['undefined', 'string'].includes(typeof line.leaves)) ||
    (line.type === 'row' && isRow(line.row)) ||
    line.type === 'uncovered' ||
    (line.type === 'end' && Number.isInteger(line.rows));
  return isGood ? (line as ExportLine) : undefined;
}
