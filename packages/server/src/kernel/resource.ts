import { isUuid } from './ids.ts';
import type { Look } from './service.ts';
import type { Sql } from './sql/tx.ts';

/** The channel on which a changed status is announced; the payload is the resource's id. */
const STATUS_CHANNEL = 'cloud_status';

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
  /** Carries the type of the rows; never set. */
  readonly row?: Row;
}

/** One row by id, also while it is being deleted, or by name, which one that is being deleted has given up. */
export async function findRow<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  look: Look,
): Promise<Row | undefined> {
  const byId = isUuid(look.ref);
  const [row] = await sql.query<Row>(
    `${table.name}.find_by_${byId ? 'id' : 'name'}${look.lock ? '_locked' : ''}`,
    `select ${table.columns} from ${table.name} where tenant_id = $1 and ${byId ? 'id = $2' : 'name = $2 and deleted_at is null'}
     limit 1${look.lock ? ' for no key update' : ''}`,
    [look.tenantId, look.ref],
  );
  return row;
}

/** A live row by id or name, held against deletion until the end of the transaction. What is being deleted is not there. */
export async function holdRow<Row extends ResourceRow>(
  sql: Sql,
  table: Table<Row>,
  tenantId: string,
  ref: string,
): Promise<Row | undefined> {
  const [row] = await sql.query<Row>(
    `${table.name}.hold_by_${isUuid(ref) ? 'id' : 'name'}`,
    `select ${table.columns} from ${table.name} where tenant_id = $1 and ${isUuid(ref) ? 'id' : 'name'} = $2 and deleted_at is null
     limit 1 for share`,
    [tenantId, ref],
  );
  return row;
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

/** The end of a row whose thing is gone from the world. False when it was gone already. */
export async function removeTombstone(sql: Sql, table: Table<ResourceRow>, id: string): Promise<boolean> {
  const rows = await sql.query(
    `${table.name}.remove`,
    `delete from ${table.name} where id = $1 and deleted_at is not null returning 1 as ok`,
    [id],
  );
  return rows.length === 1;
}

/** Writes columns of the status, which only a reconciler writes, and announces it to those who wait. */
export async function noteStatus(
  sql: Sql,
  table: Table<ResourceRow>,
  id: string,
  status: Readonly<Record<string, unknown>>,
): Promise<void> {
  const columns = Object.keys(status);
  await sql.query(
    `${table.name}.note_status`,
    `with noted as (update ${table.name} set ${columns.map((column, index) => `${column} = $${index + 2}`).join(', ')} where id = $1 returning id)
     select pg_notify('${STATUS_CHANNEL}', id::text) from noted`,
    [id, ...Object.values(status)],
  );
}
