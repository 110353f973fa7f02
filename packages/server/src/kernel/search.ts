import { isUuid } from './ids.ts';
import { idsByPart, isPartOf, partOfId } from './partial-id.ts';
import type { Kind } from './service.ts';
import type { Sql } from './sql/tx.ts';

/** What somebody looks for: a part of a name or of an id, without spaces at its ends and not empty. */
export interface SearchText {
  readonly text: string;
  /** Most rows of a kind. */
  readonly limit: number;
}

/** Rows of a kind that are looked at for a part in the middle of their names: the newest. */
const MOST_LOOKED_AT = 1_000;
/** Sorts behind every name that begins alike: no character is larger. */
const LAST_CHARACTER = '\u{10ffff}';

interface SearchedTable<Row> {
  readonly name: string;
  readonly columns: string;
  readonly ec2Prefix?: string;
  readonly row?: Row;
}

/**
 * Rows that are not being deleted, by a part of their id, by the beginning of their name, or, among the newest, by any part of it; in this order.
 * Case does not matter. The table has the column `search_name`, the name in lower case, and an index on it: see add-a-service.md.
 */
export async function searchRows<Row extends { readonly id: string }>(
  sql: Sql,
  table: SearchedTable<Row>,
  tenantId: string,
  { text, limit }: SearchText,
): Promise<readonly Row[]> {
  const ids = (await idsByPart(sql, table, tenantId, text)).map(({ id }) => id);
  if (isUuid(text)) ids.push(text);
  const rows = new Map<string, Row>();
  const add = (more: readonly Row[]) => more.forEach((row) => rows.size < limit && rows.set(row.id, row));
  if (ids.length > 0)
    add(
      await sql.query<Row>(
        `${table.name}.search_id`,
        `select ${table.columns} from ${table.name} where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null`,
        [tenantId, ids],
      ),
    );
  add(
    await sql.query<Row>(
      `${table.name}.search_beginning`,
      `select ${table.columns} from ${table.name} where tenant_id = $1 and deleted_at is null
         and search_name ~>=~ lower($2::text) and search_name ~<~ (lower($2::text) || $3::text) order by search_name using ~<~ limit $4`,
      [tenantId, text, LAST_CHARACTER, limit],
    ),
  );
  if (rows.size < limit)
    add(
      await sql.query<Row>(
        `${table.name}.search_part`,
        `select newest.* from (
           select ${table.columns}, search_name from ${table.name} where tenant_id = $1 order by id desc limit ${MOST_LOOKED_AT}) as newest
         where strpos(search_name, lower($2::text)) > 0 and deleted_at is null order by id desc limit $3`,
        [tenantId, text, limit],
      ),
    );
  return [...rows.values()];
}

/** The same for a kind with few rows: of the first `most` of its list, those that have the text in one of `textsOf`, or whose id a part begins. */
export const searchList =
  <Row>(
    { id: idOf }: Pick<Kind<Row>, 'id'>,
    list: NonNullable<Kind<Row>['list']>,
    textsOf: (row: Row) => readonly (string | null)[],
    most = MOST_LOOKED_AT,
  ): NonNullable<Kind<Row>['search']> =>
  async (sql, whose, { text, limit }) => {
    const part = text.toLowerCase();
    const digits = partOfId(text);
    const rows = await list(sql, whose, { limit: most, after: null }, undefined);
    const fits = (row: Row): boolean =>
      idOf(row) === part ||
      (digits !== undefined && isPartOf(digits, idOf(row))) ||
      textsOf(row).some((one) => one?.toLowerCase().includes(part));
    return rows.filter(fits).slice(0, limit);
  };
