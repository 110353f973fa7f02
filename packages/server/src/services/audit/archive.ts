import { createWriteStream, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../kernel/clock.ts';
import { flushFolder } from '../../kernel/files.ts';
import type { Log } from '../../kernel/log.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { exportLines, jsonLines, type Read } from './export.ts';
import { clampDays, type RetentionBounds } from './retention.ts';
import { PLATFORM } from '@thecloud/sdk/audit';

export interface ArchiveDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder of the archives, readable by the worker's user only. */
  readonly folder: string;
  readonly bounds: RetentionBounds;
}

/** A checkpoint is archived a day after it was made: a file for each day. */
const ARCHIVE_AFTER_MS = 86_400_000;
/** Most checkpoints of one file: those of a day, one a minute. */
const MOST_IN_FILE = 1_440;
/** Tenants that are looked at in one statement, and entries of one tenant that are pruned in one sweep. */
const TENANTS = 100;
const ENTRIES = 1_440;

const everywhere = { tenantId: '*' } as const;

/** Writes checkpoints that are old enough into a file, with all their rows. Answers its path. */
export async function archiveCheckpoints(
  { database, clock, log, folder }: ArchiveDeps,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const before = new Date(clock.now() - ARCHIVE_AFTER_MS);
  const [range] = await database.query<{ first: string | null; last: string | null }>(
    'audit.to_archive',
    `select min(number)::text as first, max(number)::text as last from (
       select number from audit_checkpoints where archived_at is null and created_at < $1 order by number limit ${MOST_IN_FILE}) as due`,
    [before],
  );
  if (!range?.first || !range.last) return undefined;
  const { first, last } = range;
  const path = join(folder, `audit-${first.padStart(10, '0')}-${last.padStart(10, '0')}.jsonl.gz`);
  const read: Read = (fn) => database.transaction(everywhere, fn, { readOnly: true, ...(signal ? { signal } : {}) });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.new`;
  const lines = jsonLines(exportLines(read, { after: String(BigInt(first) - 1n), upTo: last }));
  await pipeline(
    Readable.from(lines),
    createGzip(),
    createWriteStream(beside, { mode: 0o600, flush: true }),
    signal ? { signal } : {},
  );
  renameSync(beside, path);
  flushFolder(folder);
  await database.query(
    'audit.note_archive',
    'update audit_checkpoints set archive = $3, archived_at = $4 where number between $1 and $2 and archived_at is null',
    [first, last, basename(path), new Date(clock.now())],
  );
  log.info({ first, last, path }, 'audit archive');
  return path;
}

/** Removes rows whose tenant keeps them no longer, entry by entry, once they are archived. Answers how many rows. */
export async function pruneArchived({ database, clock, bounds }: ArchiveDeps, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  for (let last: string | undefined; ; ) {
    const tenants = await database.transaction(everywhere, (sql) =>
      sql.query<{ tenant_id: string; audit_retention_days: number | null; oldest: Date | null }>(
        'audit.oldest_leaves',
        `select t.id as tenant_id, t.audit_retention_days, c.created_at as oldest
         from (select '${PLATFORM}'::uuid as id, null::int as audit_retention_days where $1::uuid is null
           union all select id, audit_retention_days from (select id, audit_retention_days from tenants where $1::uuid is null or id > $1 order by id limit ${TENANTS}) as page) as t
         left join lateral (select checkpoint_number from audit_leaves where tenant_id = t.id order by number limit 1) as l on true
         left join audit_checkpoints c on c.number = l.checkpoint_number and c.archived_at is not null
         order by t.id`,
        [last ?? null],
      ),
    );
    for (const { tenant_id: tenantId, audit_retention_days: days, oldest } of tenants) {
      const over = new Date(clock.now() - clampDays(days ?? undefined, bounds) * 86_400_000);
      for (let entries = 0; oldest && oldest < over && entries < ENTRIES; entries++) {
        signal?.throwIfAborted();
        const rows = await pruneEntry(database, tenantId, over);
        if (rows === undefined) break;
        removed += rows;
      }
    }
    last = tenants.at(-1)?.tenant_id;
    if (tenants.length < TENANTS || last === undefined) return removed;
  }
}

/** Removes the leaves and the rows of the tenant's oldest entry in one transaction, so that an export never sees half of it. */
async function pruneEntry(database: Database, tenantId: string, over: Date): Promise<number | undefined> {
  return database.transaction(everywhere, async (sql) => {
    const [entry] = await sql.query<{ from_xid: string; to_xid: string }>(
      'audit.prune_leaves',
      `delete from audit_leaves l using audit_checkpoints c
       where l.tenant_id = $1 and l.number = (select number from audit_leaves where tenant_id = $1 order by number limit 1)
         and c.number = l.checkpoint_number and c.archived_at is not null and c.created_at < $2
       returning c.from_xid::text, c.to_xid::text`,
      [tenantId, over],
    );
    if (!entry) return undefined;
    const [removed] = await sql.query<{ count: number }>(
      tenantId === PLATFORM ? 'audit.prune_platform' : 'audit.prune',
      `with gone as (
         delete from audit_logs where tenant_id ${tenantId === PLATFORM ? 'is null and $1::uuid is not null' : '= $1'} and xid >= $2::xid8 and xid < $3::xid8 returning 1)
       select count(*)::int as count from gone`,
      [tenantId, entry.from_xid, entry.to_xid],
    );
    return removed!.count;
  });
}
