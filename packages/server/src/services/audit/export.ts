import type { AuditRow, ExportLine } from '@thecloud/sdk/audit';
import { PLATFORM } from '@thecloud/sdk/audit';
import type { Sql } from '../../kernel/sql/tx.ts';
import { AUDIT_COLUMNS, type AuditLogRow, presentAuditLog } from './audit-log.ts';
import {
  type CheckpointRow,
  checkpointOf,
  checkpointsAfter,
  type EntryRow,
  entriesAfter,
  entriesOf,
  entryOf,
  firstCheckpointFrom,
  lastCheckpoint,
  leavesOf,
} from './chain.ts';

/** Runs a short, read-only transaction: an export of minutes holds none open. */
export type Read = <T>(fn: (sql: Sql) => Promise<T>) => Promise<T>;

export interface ExportRange {
  /** Undefined: the platform, all tenants. */
  readonly tenantId?: string | undefined;
  /** From the first checkpoint that was made at this time or later. Default: from the first one. */
  readonly from?: string | undefined;
  /** Up to the first checkpoint that was made at this time or later. Default: up to now, with the rows that none covers yet. */
  readonly to?: string | undefined;
  /** In place of times: checkpoints after this number … */
  readonly after?: string | undefined;
  /** … up to this one. */
  readonly upTo?: string | undefined;
}

/** Rows and entries that are read at a time. */
const BATCH = 1_000;
const ENTRIES = 50;

/** What one checkpoint covers, as far as it is exported. */
interface Part {
  readonly checkpoint: CheckpointRow;
  readonly entries: readonly EntryRow[];
}

/**
 * The lines of a verifiable export: whole checkpoints, each with the rows that the database has in its range, whether or not they belong
 * there. The verifier judges.
 */
export async function* exportLines(read: Read, range: ExportRange): AsyncGenerator<ExportLine, void> {
  const { tenantId } = range;
  yield {
    type: 'export',
    format: 1,
    ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
    ...(range.from === undefined && range.after === undefined ? { from_start: true as const } : {}),
  };
  let rows = 0;
  const latest = await read(lastCheckpoint);
  const first = range.from === undefined ? undefined : await read((sql) => firstCheckpointFrom(sql, range.from!));
  const end = range.to === undefined ? undefined : await read((sql) => firstCheckpointFrom(sql, range.to!));
  const upTo = range.upTo ?? end?.number ?? latest?.number ?? '0';
  // Rows after `from`: no checkpoint covers them yet.
  const isBeyond = range.from !== undefined && first === undefined;
  const after = range.after ?? (first ? String(BigInt(first.number) - 1n) : isBeyond ? upTo : '0');
  let shown: CheckpointRow | undefined;
  let from = range.from === undefined && range.after === undefined ? '0' : undefined;
  for await (const { checkpoint, entries } of parts(read, tenantId, after, upTo)) {
    yield { type: 'checkpoint', checkpoint: checkpointOf(checkpoint), signature: checkpoint.signature };
    shown = checkpoint;
    const pruned: string[] = [];
    const start = from ?? checkpoint.from_xid;
    // Rows before leaves: retention removes both at once, so what it removes in between is not shown as missing.
    const rowsOfIt = rowsBetween(read, tenantId, pruned, start, checkpoint.to_xid);
    const firstRows = await rowsOfIt.next();
    const lists = entries.length > 0 ? await read((sql) => leavesOf(sql, checkpoint.number, tenantId)) : new Map();
    for (const entry of entries) {
      const leaves: Buffer | undefined = lists.get(entry.tenant_id);
      if (!leaves) pruned.push(entry.tenant_id);
      yield {
        type: 'entry',
        entry: entryOf(entry),
        path: entry.path,
        ...(leaves ? { leaves: leaves.toString('base64') } : {}),
      };
    }
    for (let page = firstRows; !page.done; page = await rowsOfIt.next())
      for (const row of page.value) {
        if (pruned.includes(row.tenant_id ?? PLATFORM)) continue;
        rows++;
        yield { type: 'row', row };
      }
    from = checkpoint.to_xid;
  }
  // Its horizon tells rows that are not covered yet from rows that should be.
  if (latest && latest.number === upTo && shown?.number !== latest.number) {
    yield { type: 'checkpoint', checkpoint: checkpointOf(latest), signature: latest.signature };
    if (tenantId !== undefined)
      for await (const page of rowsBetween(read, tenantId, [], from ?? latest.to_xid, latest.to_xid)) {
        rows += page.length;
        for (const row of page) yield { type: 'row', row };
      }
  }
  yield { type: 'uncovered' };
  if (range.to === undefined && range.upTo === undefined)
    for await (const page of rowsBetween(read, tenantId, [], latest?.to_xid ?? '0', undefined)) {
      rows += page.length;
      for (const row of page) yield { type: 'row', row };
    }
  yield { type: 'end', rows };
}

/** The checkpoints in which the tenant has rows; of the platform, all. */
async function* parts(
  read: Read,
  tenantId: string | undefined,
  after: string,
  upTo: string,
): AsyncGenerator<Part, void> {
  for (let last = after; ; ) {
    const page: readonly Part[] =
      tenantId === undefined
        ? (await read((sql) => checkpointsAfter(sql, last, ENTRIES))).map((checkpoint) => ({ checkpoint, entries: [] }))
        : (await read((sql) => entriesAfter(sql, tenantId, last, ENTRIES))).map((entry) => ({
            checkpoint: entry,
            entries: [entry],
          }));
    for (const part of page) {
      last = part.checkpoint.number;
      if (BigInt(last) > BigInt(upTo)) return;
      yield tenantId === undefined
        ? { ...part, entries: await read((sql) => entriesOf(sql, part.checkpoint.number)) }
        : part;
    }
    if (page.length < ENTRIES) return;
  }
}

/** Pages of rows of a range of transactions, in the order of writing, without those of tenants that are known to be pruned when a page is read. */
async function* rowsBetween(
  read: Read,
  tenantId: string | undefined,
  pruned: readonly string[],
  from: string,
  to: string | undefined,
): AsyncGenerator<readonly AuditRow[], void> {
  const rowsAfter = (last: { readonly xid: string; readonly seq: string }) =>
    tenantId === undefined
      ? read((sql) =>
          sql.query<AuditLogRow>(
            'audit.export_all',
            `select ${AUDIT_COLUMNS} from audit_logs a where a.xid >= $1::xid8 and a.xid < $2::xid8 and (a.xid, a.seq) > ($1::xid8, $3::bigint)
               and coalesce(a.tenant_id, '${PLATFORM}') <> all ($4::uuid[])
             order by a.xid, a.seq limit ${BATCH}`,
            [last.xid, to ?? LAST_XID, last.seq, pruned],
          ),
        )
      : read((sql) =>
          sql.query<AuditLogRow>(
            'audit.export',
            `select ${AUDIT_COLUMNS} from audit_logs a where a.tenant_id = $4 and a.xid >= $1::xid8 and a.xid < $2::xid8
               and (a.xid, a.seq) > ($1::xid8, $3::bigint)
             order by a.xid, a.seq limit ${BATCH}`,
            [last.xid, to ?? LAST_XID, last.seq, tenantId],
          ),
        );
  let last: { readonly xid: string; readonly seq: string } = { xid: from, seq: '-1' };
  for (;;) {
    const rows = await rowsAfter(last);
    yield rows.map(presentAuditLog);
    if (rows.length < BATCH) return;
    last = rows.at(-1)!;
  }
}

/** Above every transaction. */
const LAST_XID = '18446744073709551615';

/** Lines as text, several in a chunk. */
export async function* jsonLines(lines: AsyncIterable<ExportLine>): AsyncGenerator<string, void> {
  let chunk = '';
  for await (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/** Characters that are gathered before they are sent. */
const CHUNK = 65_536;

const CSV_COLUMNS = [
  'created_at',
  'user_id',
  'actor',
  'key_id',
  'action',
  'resource_type',
  'resource_id',
  'outcome',
  'details',
  'ip_address',
  'user_agent',
  'request_id',
  'tenant_id',
  'id',
] as const;

/** The trail as CSV (RFC 4180), from pages of rows. */
export async function* csvLines(pages: AsyncIterable<readonly AuditRow[]>): AsyncGenerator<string, void> {
  yield `${CSV_COLUMNS.join(',')}\r\n`;
  for await (const page of pages) {
    const lines = page.map((row) => `${CSV_COLUMNS.map((column) => csvCell(row[column])).join(',')}\r\n`);
    if (lines.length > 0) yield lines.join('');
  }
}

/**
 * A cell. A spreadsheet takes a text that begins with one of = + - @, a tab or a line break for a formula: such a text gets an apostrophe in
 * front, so that a user agent cannot run anything on the auditor's machine.
 */
export function csvCell(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
