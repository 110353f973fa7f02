import type { Caller } from './caller.ts';
import { invalidInput } from './errors.ts';
import { isEc2Id, isUuid } from './ids.ts';
import { LAST_ID, type PageRequest } from './page.ts';
import { findIdByPart } from './partial-id.ts';
import { searchRows } from './search.ts';
import type { Kind, Look } from './service.ts';
import type { Sql } from './sql/tx.ts';

/** What the rows of every resource have. One that is being deleted has `deleted_at` and stays until the world no longer has the thing. */
export interface ResourceRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly version: number;
  readonly deleted_at: Date | null;
}

/** A table of resources. Name and columns become SQL text: they are a service's own constants, never input. */
export interface Table<Row extends ResourceRow> {
  readonly name: string;
  readonly columns: string;
  /** Its rows are also found by EC2's form of an id, `vpc-` and 17 hex digits: the prefix. The table has a column `ec2_id`. */
  readonly ec2Prefix?: string;
  /** Without EC2's form, its rows are found by a part of the id's last 17 digits too. The table has a column `id_tail` with these. */
  readonly hasIdTail?: true;
  /** Where its labels are found: a table with `tenant_id`, `resource_id`, `key` and `value`. */
  readonly labels?: string;
  /** Carries the type of the rows; never set. */
  readonly row?: Row;
}

/** The column that a reference is compared with. A name never has the form of an id. */
const columnOf = (table: Table<ResourceRow>, ref: string): 'id' | 'ec2_id' | 'name' =>
  isUuid(ref) ? 'id' : table.ec2Prefix !== undefined && isEc2Id(table.ec2Prefix, ref) ? 'ec2_id' : 'name';

/** Throws INVALID_INPUT for a name in the form of an id of the table's rows: it would be found by the id of another one. */
export function refuseIdAsName(table: Table<ResourceRow>, name: string): void {
  if (columnOf(table, name) !== 'name') throw invalidInput(`name '${name}' looks like an id; choose another name`);
}

/**
 * One row by id, also while it is being deleted, by name, which one that is being deleted has given up, or by a part of its id: see
 * partial-id.ts. Throws INVALID_INPUT if several ids begin with the part.
 */
export async function findRow<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  look: Look,
): Promise<Row | undefined> {
  const row = await findByIdOrName(sql, table, look);
  if (row !== undefined) return row;
  const id = await findIdByPart(sql, table, look.tenantId, look.ref);
  return id === undefined ? undefined : findByIdOrName(sql, table, { ...look, ref: id });
}

async function findByIdOrName<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  look: Look,
): Promise<Row | undefined> {
  const column = columnOf(table, look.ref);
  const [row] = await sql.query<Row>(
    `${table.name}.find_by_${column}${look.lock ? '_locked' : ''}`,
    `select ${table.columns} from ${table.name} where tenant_id = $1 and ${column} = $2${column === 'name' ? ' and deleted_at is null' : ''}
     limit 1${look.lock ? ' for no key update' : ''}`,
    [look.tenantId, look.ref],
  );
  return row;
}

/** A live row by id, name or a part of its id, held against deletion until the end of the transaction. What is being deleted is not there. */
export async function holdRow<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  tenantId: string,
  ref: string,
): Promise<Row | undefined> {
  const row = await holdByIdOrName(sql, table, tenantId, ref);
  if (row !== undefined) return row;
  const id = await findIdByPart(sql, table, tenantId, ref);
  return id === undefined ? undefined : holdByIdOrName(sql, table, tenantId, id);
}

async function holdByIdOrName<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  tenantId: string,
  ref: string,
): Promise<Row | undefined> {
  const column = columnOf(table, ref);
  const [row] = await sql.query<Row>(
    `${table.name}.hold_by_${column}`,
    `select ${table.columns} from ${table.name} where tenant_id = $1 and ${column} = $2 and deleted_at is null limit 1 for share`,
    [tenantId, ref],
  );
  return row;
}

/** Without a value: whatever it is. */
export interface Label {
  readonly key: string;
  readonly value?: string;
}

/** What a list asks for beside the tenant and the page. */
export interface Filter {
  /** Only those with one of these ids, of either form. */
  readonly ids?: readonly string[] | undefined;
  /** Only those with all these labels. */
  readonly labels?: readonly Label[];
  /** Columns that must have a value. The names are a service's own constants. */
  readonly equal?: Readonly<Record<string, unknown>>;
}

/**
 * The page after `page.after`, newest first, and one row more than its limit: see toPage. Ids that are asked for, or else the first label, lead
 * to the rows in the order of the list, so that the tenant's other rows are not read.
 */
export function listRows<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  tenantId: string,
  page: PageRequest,
  { ids, labels = [], equal = {} }: Filter = {},
): Promise<readonly Row[]> {
  const values: unknown[] = [tenantId, page.after ?? LAST_ID, page.limit + 1];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const isLabel = ({ key, value }: Label) =>
    `key = ${put(key)}${value === undefined ? '' : ` and value = ${put(value)}`}`;
  const has = (id: string) => (label: Label) =>
    ` and exists (select from ${table.labels} where tenant_id = $1 and resource_id = ${id} and ${isLabel(label)})`;
  const equals = Object.entries(equal).map(([column, value]) => ` and ${column} = ${put(value)}`);
  const rowsWhere = (condition: string) =>
    `select ${table.columns} from ${table.name} where tenant_id = $1 and ${condition}${equals.join('')}`;
  const [first, ...others] = labels;
  if (!ids && !first)
    return sql.query<Row>(`${table.name}.list`, `${rowsWhere('id < $2')} order by id desc limit $3`, values);
  const leading = ids
    ? `select id from (${namedIds(table, put, ids)}) as named where id < $2${labels.map(has('named.id')).join('')}`
    : `select resource_id as id from ${table.labels} as first
       where tenant_id = $1 and resource_id < $2 and ${isLabel(first!)}${others.map(has('first.resource_id')).join('')}`;
  return sql.query<Row>(
    `${table.name}.list_by_${ids ? 'id' : 'label'}`,
    // "offset 0" keeps the planner from turning it round.
    `select found.* from (${leading} order by id desc offset 0) as wanted
     cross join lateral (${rowsWhere('id = wanted.id')} offset 0) as found
     order by wanted.id desc limit $3`,
    values,
  );
}

/** Ids of either form, each once. */
function namedIds(table: Table<ResourceRow>, put: (value: unknown) => string, ids: readonly string[]): string {
  const named = `select unnest(${put(ids.filter(isUuid))}::uuid[]) as id`;
  if (table.ec2Prefix === undefined) return named;
  return `${named} union select id from ${table.name} where tenant_id = $1 and ec2_id = any (${put(ids)}::varchar[])`;
}

/** For a worker: by id over all tenants. */
export async function loadRow<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  id: string,
): Promise<Row | undefined> {
  const [row] = await sql.query<Row>(`${table.name}.load`, `select ${table.columns} from ${table.name} where id = $1`, [
    id,
  ]);
  return row;
}

/** How many of a tenant's are there and not being deleted. */
export async function countLive(sql: Sql, table: Table<ResourceRow>, tenantId: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `${table.name}.count`,
    `select count(*)::int as count from ${table.name} where tenant_id = $1 and deleted_at is null`,
    [tenantId],
  );
  return row!.count;
}

/** Sets the tombstone: the wish that a reconciler fulfils. */
export async function markDeleted(sql: Sql, table: Table<ResourceRow>, id: string, at: Date): Promise<void> {
  await sql.query(
    `${table.name}.mark_deleted`,
    `update ${table.name} set deleted_at = $2, version = version + 1, updated_at = $2 where id = $1 and deleted_at is null`,
    [id, at],
  );
}

/** The end of a row whose thing is gone from the world. False when it was gone already. */
export async function removeTombstone(sql: Sql, table: Table<ResourceRow>, id: string): Promise<boolean> {
  const rows = await sql.query(
    `${table.name}.remove`,
    `delete from ${table.name} where id = $1 and deleted_at is not null returning 1 as ok`,
    [id],
  );
  return rows.length === 1;
}

/** Writes columns of the status, which only a reconciler writes. The event of the change tells those who wait. */
export async function noteStatus(
  sql: Sql,
  table: Table<ResourceRow>,
  id: string,
  status: Readonly<Record<string, unknown>>,
): Promise<void> {
  const columns = Object.keys(status);
  await sql.query(
    `${table.name}.note_status`,
    `update ${table.name} set ${columns.map((column, index) => `${column} = $${index + 2}`).join(', ')} where id = $1`,
    [id, ...Object.values(status)],
  );
}

/** A row as the wire shows it unless its kind says otherwise: the members named, those that are null left out, times in ISO 8601. */
export function presentRow<Row extends object, Member extends keyof Row>(
  row: Row,
  members: readonly Member[],
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const member of members) {
    const value = row[member];
    if (value === null || value === undefined) continue;
    shown[String(member)] = value instanceof Date ? value.toISOString() : value;
  }
  return shown;
}

/** The kind of a table's rows: found by id or name, and by a part of either, with the version as ETag, visible until the deletion is done. */
export const kindOf = <Row extends ResourceRow>(
  table: Table<Row>,
  facts: { readonly noun: string; present(row: Row, caller: Caller): unknown; detail?(row: Row): string },
): Kind<Row> => ({
  noun: facts.noun,
  present: facts.present,
  ...(facts.detail ? { detail: facts.detail } : {}),
  search: (sql, { tenantId }, wanted) => searchRows(sql, table, tenantId, wanted),
  find: (sql, look) => findRow(sql, table, look),
  findsParts: true,
  id: (row) => row.id,
  name: (row) => row.name,
  version: (row) => row.version,
  isDeleting: (row) => row.deleted_at !== null,
  list: (sql, { tenantId }, page, ids) => listRows(sql, table, tenantId, page, { ids }),
});
