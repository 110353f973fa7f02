import type { Checkpoint, Entry } from '@thecloud/sdk/audit';
import type { Sql } from '../../kernel/sql/tx.ts';
import { timeText } from './audit-log.ts';

/** A row of audit_checkpoints. */
export interface CheckpointRow extends Checkpoint {
  readonly hash: string;
  readonly signature: string;
}

/** A row of audit_entries, with its checkpoint. */
export interface EntryRow extends CheckpointRow {
  readonly tenant_id: string;
  readonly entry_number: string;
  readonly row_count: string;
  readonly entry_root: string;
  readonly entry_previous: string;
  readonly path: readonly string[];
}

const CHECKPOINT = `c.number::text, c.from_xid::text, c.to_xid::text, c.root, c.previous_hash, c.hash, c.key_version, c.signature, ${timeText('c.created_at')} as created_at`;
const ENTRY = `e.tenant_id, e.number::text as entry_number, e.row_count::text, e.root as entry_root, e.previous_hash as entry_previous, e.path`;

/** The signed part of a checkpoint. */
export const checkpointOf = ({
  number,
  from_xid,
  to_xid,
  root,
  previous_hash,
  created_at,
  key_version,
}: CheckpointRow): Checkpoint => ({
  number,
  from_xid,
  to_xid,
  root,
  previous_hash,
  created_at,
  key_version,
});

/** The hashed part of an entry. */
export const entryOf = (row: EntryRow): Entry => ({
  tenant_id: row.tenant_id,
  number: row.entry_number,
  row_count: row.row_count,
  root: row.entry_root,
  previous_hash: row.entry_previous,
});

/** The newest checkpoint. */
export async function lastCheckpoint(sql: Sql): Promise<CheckpointRow | undefined> {
  const [row] = await sql.query<CheckpointRow>(
    'audit.last_checkpoint',
    `select ${CHECKPOINT} from audit_checkpoints c order by c.number desc limit 1`,
  );
  return row;
}

/** The first checkpoint that was made at this time or later. */
export async function firstCheckpointFrom(sql: Sql, time: string): Promise<CheckpointRow | undefined> {
  const [row] = await sql.query<CheckpointRow>(
    'audit.checkpoint_from',
    `select ${CHECKPOINT} from audit_checkpoints c where c.created_at >= $1 order by c.created_at limit 1`,
    [time],
  );
  return row;
}

/** Checkpoints after this number, at most `limit`. */
export function checkpointsAfter(sql: Sql, number: string, limit: number): Promise<CheckpointRow[]> {
  return sql.query<CheckpointRow>(
    'audit.checkpoints_after',
    `select ${CHECKPOINT} from audit_checkpoints c where c.number > $1 order by c.number limit $2`,
    [number, limit],
  );
}

/** The entries of one checkpoint, in the order of its tree. */
export function entriesOf(sql: Sql, checkpoint: string): Promise<EntryRow[]> {
  return sql.query<EntryRow>(
    'audit.entries_of',
    `select ${CHECKPOINT}, ${ENTRY} from audit_entries e join audit_checkpoints c on c.number = e.checkpoint_number
     where e.checkpoint_number = $1 order by e.tenant_id`,
    [checkpoint],
  );
}

/** A tenant's entries in the checkpoints after this number, at most `limit`. */
export function entriesAfter(sql: Sql, tenantId: string, checkpoint: string, limit: number): Promise<EntryRow[]> {
  return sql.query<EntryRow>(
    'audit.entries_after',
    `select ${CHECKPOINT}, ${ENTRY} from audit_entries e join audit_checkpoints c on c.number = e.checkpoint_number
     where e.tenant_id = $1 and e.checkpoint_number > $2 order by e.checkpoint_number limit $3`,
    [tenantId, checkpoint, limit],
  );
}

/** The tenant's entry in the checkpoint that covers this transaction. */
export async function entryCovering(sql: Sql, tenantId: string, xid: string): Promise<EntryRow | undefined> {
  const [row] = await sql.query<EntryRow>(
    'audit.entry_covering',
    `select ${CHECKPOINT}, ${ENTRY} from (
       select * from audit_checkpoints where to_xid > $2::xid8 order by to_xid limit 1) as c
     join audit_entries e on e.checkpoint_number = c.number and e.tenant_id = $1 where c.from_xid <= $2::xid8`,
    [tenantId, xid],
  );
  return row;
}

/** The leaves of the entries' trees by tenant, in order. A tenant that is missing was pruned together with its rows. */
export async function leavesOf(
  sql: Sql,
  checkpoint: string,
  tenantId: string | undefined,
): Promise<ReadonlyMap<string, Buffer>> {
  type Row = { readonly tenant_id: string; readonly leaves: Buffer };
  const rows =
    tenantId === undefined
      ? await sql.query<Row>(
          'audit.all_leaves',
          'select tenant_id, leaves from audit_leaves where checkpoint_number = $1',
          [checkpoint],
        )
      : await sql.query<Row>(
          'audit.leaves',
          'select tenant_id, leaves from audit_leaves where checkpoint_number = $1 and tenant_id = $2',
          [checkpoint, tenantId],
        );
  return new Map(rows.map((row) => [row.tenant_id, row.leaves]));
}
