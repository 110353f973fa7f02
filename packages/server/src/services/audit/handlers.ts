import { type AuditRow, cutLeaves, idOfLeaf, rowPath } from '@thecloud/sdk/audit';
import { invalidInput, notFound } from '../../kernel/errors.ts';
import type { PageOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import type { Handlers } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { Download } from '../../kernel/written-answer.ts';
import { AUDIT_COLUMNS, type AuditLogRow, presentAuditLog, timeText } from './audit-log.ts';
import { checkpointOf, entryCovering, entryOf, leavesOf } from './chain.ts';
import { notCovered } from './errors.ts';
import { csvLines, exportLines, jsonLines, type Read } from './export.ts';
import { checkTimes, type Filters, findActor, listAudit } from './filters.ts';
import type { adminAuditOperations, auditOperations } from './operations.ts';
import { clampDays, findRetention, type RetentionBounds, writeRetention } from './retention.ts';

const present = ({ items, ...rest }: PageOf<AuditLogRow>): PageOf<AuditRow> => ({
  ...rest,
  items: items.map(presentAuditLog),
});

interface ExportInput {
  readonly format?: 'jsonl' | 'csv';
  readonly from?: string;
  readonly to?: string;
}

/** A download of the trail, of one tenant or of all. */
function download({ format = 'jsonl', ...times }: ExportInput, tenantId: string | undefined, now: Date): Download {
  checkTimes(times);
  const isCsv = format === 'csv';
  return {
    content: isCsv ? 'text/csv' : 'application/x-ndjson',
    fileName: `audit-${now.toISOString().slice(0, 10)}.${format}`,
    open: ({ read }) =>
      isCsv
        ? csvLines(pagesOf(read, { ...times, ...(tenantId === undefined ? {} : { tenant_id: tenantId }) }))
        : jsonLines(exportLines(read, { ...times, tenantId })),
  };
}

/** All pages of a list, one after the other. */
async function* pagesOf(read: Read, given: Filters): AsyncGenerator<readonly AuditRow[], void> {
  let cursor: string | undefined;
  do {
    const page = await read((sql) =>
      listAudit(sql, { ...given, limit: 1_000, ...(cursor === undefined ? {} : { cursor }) }),
    );
    yield page.items.map(presentAuditLog);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

type Given = Omit<Filters, 'userId'> & { readonly actor?: string };

/** A page; none for an actor who is not in the trail. */
async function list(sql: Sql, { actor, ...given }: Given, find: typeof findActor): Promise<PageOf<AuditRow>> {
  if (actor === undefined) return present(await listAudit(sql, given));
  const userId = await find(sql, actor);
  return userId === undefined ? { items: [] } : present(await listAudit(sql, { ...given, userId }));
}

async function findLog(sql: Sql, tenantId: string, id: string): Promise<AuditLogRow> {
  const [row] = await sql.query<AuditLogRow>(
    'audit.find',
    `select ${AUDIT_COLUMNS} from audit_logs a where a.id = $1 and a.tenant_id = $2`,
    [id, tenantId],
  );
  if (!row) throw notFound('audit row', id);
  return row;
}

export const createAuditHandlers = (bounds: RetentionBounds): Handlers<typeof auditOperations> => ({
  list: ({ sql, input, tenantId }) => list(sql, { ...input, tenant_id: tenantId }, findActor),

  get: async ({ sql, input, tenantId }) => presentAuditLog(await findLog(sql, tenantId, input.id)),

  export: async ({ input, tenantId, now }) => download(input, tenantId, now),

  async prove({ sql, input, tenantId }) {
    const row = await findLog(sql, tenantId, input.id);
    const entry = await entryCovering(sql, tenantId, row.xid);
    const list = entry && (await leavesOf(sql, entry.number, tenantId)).get(tenantId);
    const leaves = list && cutLeaves(list);
    const index = leaves?.findIndex((leaf) => idOfLeaf(leaf) === row.id) ?? -1;
    if (!entry || !leaves || index < 0)
      throw notCovered(
        `the row '${row.id}' is in no checkpoint; a new row is covered within about a minute, so try again then`,
      );
    return {
      row: presentAuditLog(row),
      path: rowPath(leaves, index),
      entry: entryOf(entry),
      entry_path: [...entry.path],
      checkpoint: checkpointOf(entry),
      signature: entry.signature,
    };
  },

  async publicKey({ sql, input }) {
    const page = pageRequest(input, (text) => /^\d{1,9}$/.test(text));
    const rows = await sql.query<{ version: number; public_key: string; created_at: string }>(
      'audit.public_keys',
      `select version, public_key, ${timeText('created_at')} as created_at from audit_keys where version < $1 order by version desc limit $2`,
      [page.after ?? 2 ** 31 - 1, page.limit + 1],
    );
    return toPage(rows, page.limit, (row) => String(row.version));
  },

  retention: async ({ sql, tenantId }) => ({
    id: tenantId,
    ...bounds,
    days: clampDays(await findRetention(sql, tenantId), bounds),
  }),

  async setRetention({ sql, input: { days }, tenantId, now, about, unchanged }) {
    const { minimum, maximum } = bounds;
    if (days < minimum || days > maximum)
      throw invalidInput(
        `days '${days}' must be from ${minimum} to ${maximum}, which the operator of the platform allows`,
      );
    if ((await findRetention(sql, tenantId)) === days) return unchanged({ id: tenantId, ...bounds, days });
    await writeRetention(sql, tenantId, days, now);
    about({ id: tenantId });
    return { id: tenantId, ...bounds, days };
  },
});

/** A user by e-mail address: for the operator, who sees all. */
const findAnyUser: typeof findActor = async (sql, actor) => {
  if (!actor.includes('@')) return findActor(sql, actor);
  const [row] = await sql.query<{ id: string }>(
    'audit.find_any_user',
    'select id from users where lower(email) = lower($1)',
    [actor],
  );
  return row?.id;
};

export const adminAuditHandlers: Handlers<typeof adminAuditOperations> = {
  async list({ sql, input }) {
    const { tenant_id: tenantId, action, resource_type: type, resource_id: id } = input;
    if (tenantId === undefined && (action ?? type ?? id) !== undefined)
      throw invalidInput(
        'a filter by action or resource needs tenant_id; without it, filter by actor, key, request, outcome and time',
      );
    return list(sql, input, findAnyUser);
  },

  export: async ({ input, now }) => download(input, undefined, now),
};
