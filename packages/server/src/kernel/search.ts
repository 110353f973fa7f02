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

/**
 * How well a resource fits: 0 by its whole name, its id or a part of that, 1 by the beginning of a name, 2 by another part of one. Undefined: it
 * does not. Letters may be digits of an id, but so few that any id has them somewhere say nothing.
 */
export function closenessOf(id: string, names: readonly (string | null)[], text: string): number | undefined {
  const wanted = text.toLowerCase();
  const shown = names.flatMap((name) => (name === null ? [] : [name.toLowerCase()]));
  // As EC2 writes it: i-0123456789abcdef0.
  const digits = partOfId(wanted) ?? partOfId(wanted.replace(/^[a-z]+-/, ''));
  if (id === wanted || shown.includes(wanted) || (digits !== undefined && isPartOf(digits, id))) return 0;
  if (shown.some((name) => name.startsWith(wanted))) return 1;
  return shown.some((name) => name.includes(wanted)) ? 2 : undefined;
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
    const rows = await list(sql, whose, { limit: most, after: null }, undefined);
    return rows
      .flatMap((row) => {
        const closeness = closenessOf(idOf(row), textsOf(row), text);
        return closeness === undefined ? [] : [{ row, closeness }];
      })
      .sort((one, other) => one.closeness - other.closeness)
      .slice(0, limit)
      .map(({ row }) => row);
  };
