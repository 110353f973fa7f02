import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  allPaths,
  type Checkpoint,
  type Entry,
  hashCheckpoint,
  hashEntry,
  leafHash,
  leafOf,
  NO_HASH,
  PLATFORM,
  rootOf,
  signCheckpoint,
  writePath,
  writePublicKey,
} from '@thecloud/sdk/audit';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { AUDIT_COLUMNS, type AuditLogRow, presentAuditLog } from './audit-log.ts';
import { type CheckpointRow, checkpointsAfter, lastCheckpoint } from './chain.ts';
import type { Head } from './head.ts';

export interface CheckpointDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Ed25519. */
  readonly privateKey: KeyObject;
  readonly head: Head;
}

/** Rows that are read at a time. */
const BATCH = 5_000;
/** Most rows of a checkpoint, unless one transaction wrote more: 2.4 MB of leaves. What is over goes into the next one. */
export const MOST_ROWS = 50_000;
/** Most checkpoints of one sweep: a million rows. The next sweep goes on. */
const MOST_AT_ONCE = 20;

/** Writes checkpoints until every row that can be covered is. Answers how many. Throws if the chain in the database is not the one it signed. */
export async function writeCheckpoints(
  deps: CheckpointDeps,
  signal?: AbortSignal,
  mostRows = MOST_ROWS,
): Promise<number> {
  const keyVersion = await registerKey(deps);
  for (let written = 0; written < MOST_AT_ONCE; written++) {
    const made = await deps.database.transaction(
      { tenantId: '*' },
      (sql) => makeCheckpoint(sql, deps, keyVersion, mostRows),
      {
        // The horizon and the rows are seen at the same moment.
        isolation: 'repeatable read',
        ...(signal ? { signal } : {}),
      },
    );
    if (!made) return written;
    // Outside the database as well: who rewrites it cannot take back what was signed.
    deps.head.write(made);
    deps.log.info({ checkpoint: made.number, hash: made.hash }, 'audit checkpoint');
  }
  return MOST_AT_ONCE;
}

/** The version of our key; a new key becomes the next version. */
async function registerKey({ database, privateKey }: CheckpointDeps): Promise<number> {
  const publicKey = writePublicKey(createPublicKey(privateKey));
  const [row] = await database.query<{ version: number }>(
    'audit.register_key',
    `with added as (
       insert into audit_keys (version, public_key) select coalesce(max(version), 0) + 1, $1 from audit_keys
       on conflict (public_key) do nothing returning version)
     select version from added union all select version from audit_keys where public_key = $1`,
    [publicKey],
  );
  return row!.version;
}

/**
 * One checkpoint, in the transaction that reads what it covers. A row is covered by the transaction that wrote it: all transactions below
 * the oldest one that runs have ended, so the rows of a range that lies below are final, however late a slow one committed. Ranges join, so
 * no row is left out or in two.
 */
async function makeCheckpoint(
  sql: Sql,
  { clock, privateKey, head }: CheckpointDeps,
  keyVersion: number,
  mostRows: number,
): Promise<{ readonly number: string; readonly hash: string } | undefined> {
  const before = await lastCheckpoint(sql);
  await refuseOtherChain(sql, head, before);
  const from = before?.to_xid ?? '0';
  const [now] = await sql.query<{ horizon: string }>(
    'audit.horizon',
    'select pg_snapshot_xmin(pg_current_snapshot())::text as horizon',
  );
  if (BigInt(now!.horizon) < BigInt(from))
    throw new Error(
      `the database's transactions are at ${now!.horizon} and the last checkpoint covers those up to ${from}: this is another cluster, into which the rows were loaded. Restore the cluster itself (a base backup), or advance its transactions with pg_resetwal`,
    );
  const { trees, to } = await readTrees(sql, from, now!.horizon, mostRows);
  if (trees.size === 0) return undefined;

  const tenants = [...trees.keys()].sort();
  const earlier = await previousEntries(sql, tenants);
  const entries = tenants.map((tenantId): Entry => {
    const leaves = trees.get(tenantId)!;
    const last = earlier.get(tenantId);
    return {
      tenant_id: tenantId,
      number: String(BigInt(last?.number ?? '0') + 1n),
      row_count: String(leaves.length),
      root: rootOf(leaves.map((leaf) => leafHash(leaf))).toString('hex'),
      previous_hash: last?.hash ?? NO_HASH,
    };
  });
  const hashes = entries.map(hashEntry);
  const checkpoint: Checkpoint = {
    number: String(BigInt(before?.number ?? '0') + 1n),
    from_xid: from,
    to_xid: to,
    root: rootOf(hashes).toString('hex'),
    previous_hash: before?.hash ?? NO_HASH,
    created_at: new Date(clock.now()).toISOString().replace('Z', '000Z'),
    key_version: keyVersion,
  };
  const hash = hashCheckpoint(checkpoint).toString('hex');
  await insertCheckpoint(sql, checkpoint, hash, signCheckpoint(checkpoint, privateKey));
  await insertEntries(
    sql,
    checkpoint.number,
    entries,
    hashes,
    tenants.map((tenantId) => Buffer.concat(trees.get(tenantId)!)),
  );
  return { number: checkpoint.number, hash };
}

/** The database must still have the last checkpoint that was signed. */
async function refuseOtherChain(sql: Sql, head: Head, before: CheckpointRow | undefined): Promise<void> {
  const known = head.read();
  if (!known) return;
  const [found] =
    before?.number === known.number ? [before] : await checkpointsAfter(sql, String(BigInt(known.number) - 1n), 1);
  if (found?.number === known.number && found.hash === known.hash) return;
  throw new Error(
    `the audit checkpoint ${known.number} (${known.hash}) was signed, and the database does not have it: its trail was altered, or it was restored from an older backup. Compare an export with an earlier one; if the restore was yours, remove ${head.path} and start again`,
  );
}

/** The leaves of each tenant's rows in [from, to), in the order of their writing, and where the range ends. */
async function readTrees(
  sql: Sql,
  from: string,
  horizon: string,
  mostRows: number,
): Promise<{ readonly trees: Map<string, Buffer[]>; readonly to: string }> {
  const trees = new Map<string, Buffer[]>();
  let last = { xid: from, seq: '-1' };
  let count = 0;
  for (;;) {
    const rows = await sql.query<AuditLogRow>(
      'audit.next_rows',
      `select ${AUDIT_COLUMNS} from audit_logs a where a.xid >= $1::xid8 and a.xid < $2::xid8 and (a.xid, a.seq) > ($1::xid8, $3::bigint)
       order by a.xid, a.seq limit ${BATCH}`,
      [last.xid, horizon, last.seq],
    );
    for (const row of rows) {
      // A transaction's rows stay together.
      if (count >= mostRows && row.xid !== last.xid) return { trees, to: row.xid };
      const tenantId = row.tenant_id ?? PLATFORM;
      const leaves = trees.get(tenantId) ?? [];
      trees.set(tenantId, leaves);
      leaves.push(leafOf(presentAuditLog(row)));
      last = row;
      count++;
    }
    if (rows.length < BATCH) return { trees, to: horizon };
  }
}

async function previousEntries(
  sql: Sql,
  tenants: readonly string[],
): Promise<ReadonlyMap<string, { readonly number: string; readonly hash: string }>> {
  const rows = await sql.query<{ tenant_id: string; number: string; hash: string }>(
    'audit.previous_entries',
    `select t.id as tenant_id, e.number::text, e.hash from unnest($1::uuid[]) as t(id)
     cross join lateral (select number, hash from audit_entries where tenant_id = t.id order by number desc limit 1) as e`,
    [tenants],
  );
  return new Map(rows.map((row) => [row.tenant_id, row]));
}

async function insertCheckpoint(sql: Sql, checkpoint: Checkpoint, hash: string, signature: string): Promise<void> {
  await sql.query(
    'audit.insert_checkpoint',
    `insert into audit_checkpoints (number, from_xid, to_xid, root, previous_hash, hash, key_version, signature, created_at)
     values ($1, $2::xid8, $3::xid8, $4, $5, $6, $7, $8, $9)`,
    [
      checkpoint.number,
      checkpoint.from_xid,
      checkpoint.to_xid,
      checkpoint.root,
      checkpoint.previous_hash,
      hash,
      checkpoint.key_version,
      signature,
      checkpoint.created_at,
    ],
  );
}

async function insertEntries(
  sql: Sql,
  checkpoint: string,
  entries: readonly Entry[],
  hashes: readonly Buffer[],
  leaves: readonly Buffer[],
): Promise<void> {
  const paths = allPaths(hashes, [...hashes.keys()]);
  await sql.query(
    'audit.insert_entries',
    `insert into audit_entries (tenant_id, number, checkpoint_number, row_count, root, previous_hash, hash, path)
     select tenant_id, number, $1, row_count, root, previous_hash, hash, case path when '' then '{}' else string_to_array(path, ' ') end
     from unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[]) as e(tenant_id, number, row_count, root, previous_hash, hash, path)`,
    [
      checkpoint,
      entries.map((entry) => entry.tenant_id),
      entries.map((entry) => entry.number),
      entries.map((entry) => entry.row_count),
      entries.map((entry) => entry.root),
      entries.map((entry) => entry.previous_hash),
      hashes.map((one) => one.toString('hex')),
      paths.map((path) => writePath(path).join(' ')),
    ],
  );
  await sql.query(
    'audit.insert_leaves',
    `insert into audit_leaves (tenant_id, number, checkpoint_number, leaves)
     select tenant_id, number, $1, leaves from unnest($2::uuid[], $3::bigint[], $4::bytea[]) as l(tenant_id, number, leaves)`,
    [checkpoint, entries.map((entry) => entry.tenant_id), entries.map((entry) => entry.number), leaves],
  );
}
