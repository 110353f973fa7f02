import { CloudError, invalidInput } from './errors.ts';
import type { Sql } from './sql/tx.ts';

// Parts of an id in place of the whole. UUIDv7 begins with the time, so ids of the same minute share their first eight digits. What tells
// them apart is among the last 17, which EC2's form of an id shows too. A part is a prefix of the id, or of those 17 digits.

/**
 * Fewest digits of a part: 30 random bits and more. A word of fewer letters, such as `cafe`, could name one of 100,000 instances by chance,
 * after the instance with that name is gone.
 */
const FEWEST_DIGITS = 8;
const ID_DIGITS = 32;
const TAIL_DIGITS = 17;
/** Most ids that an error lists. */
const MOST_LISTED = 5;

/** The digits of a part of an id, in lower case without dashes; `ec2Prefix` may stand before them. Undefined if the text is no such part. */
export function partOfId(text: string, ec2Prefix?: string): string | undefined {
  const bare = ec2Prefix !== undefined && text.startsWith(`${ec2Prefix}-`) ? text.slice(ec2Prefix.length + 1) : text;
  if (!/^[0-9a-f]+(-[0-9a-f]+)*-?$/i.test(bare)) return undefined;
  const digits = bare.replaceAll('-', '').toLowerCase();
  return digits.length >= FEWEST_DIGITS && digits.length < ID_DIGITS ? digits : undefined;
}

/** Whether the digits begin an id, or its last 17 digits. */
export function isPartOf(digits: string, id: string): boolean {
  const all = id.replaceAll('-', '');
  return all.startsWith(digits) || all.slice(-TAIL_DIGITS).startsWith(digits);
}

/** `INVALID_INPUT` that lists the candidates, each with its name in parentheses. */
export function ambiguous(
  ref: string,
  found: readonly { readonly id: string; readonly name?: string | null }[],
): CloudError {
  const sorted = [...found].sort((a, b) => a.id.localeCompare(b.id));
  const listed = sorted.slice(0, MOST_LISTED).map(({ id, name }) => (name ? `${id} (${name})` : id));
  const more = found.length > MOST_LISTED ? ' and more' : '';
  return invalidInput(
    `'${ref}' begins ${found.length > MOST_LISTED ? 'more than ' : ''}${Math.min(found.length, MOST_LISTED)} ids: ${listed.join(', ')}${more}; use more digits`,
  );
}

/** Whether a look-up failed because several resources fit. */
export const isAmbiguous = (error: unknown): error is CloudError =>
  error instanceof CloudError && error.code === 'INVALID_INPUT';

interface TableOfIds {
  readonly name: string;
  readonly ec2Prefix?: string;
  readonly hasIdTail?: true;
}

/**
 * The id of the one row in the tenant whose id a part begins; undefined if there is none, or if `ref` cannot be part of an id. Throws INVALID_INPUT
 * if several fit.
 */
export async function findIdByPart(
  sql: Sql,
  table: TableOfIds,
  tenantId: string,
  ref: string,
): Promise<string | undefined> {
  const rows = await idsByPart(sql, table, tenantId, ref);
  if (rows.length > 1) throw ambiguous(ref, rows);
  return rows[0]?.id;
}

/** The rows in the tenant whose ids a part begins, at most six of either index. None if the text cannot be part of an id. */
export async function idsByPart(
  sql: Sql,
  table: TableOfIds,
  tenantId: string,
  ref: string,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const digits = partOfId(ref, table.ec2Prefix);
  if (digits === undefined) return [];
  const [from, to] = ['0', 'f'].map((end) => digits.padEnd(ID_DIGITS, end));
  return sql.query(
    `${table.name}.find_by_part`,
    `(select id, name from ${table.name} where tenant_id = $1 and id between $2 and $3 order by id limit $4)${tailOf(table)}`,
    [tenantId, from, to, MOST_LISTED + 1, ...rangeOf(table, digits)],
  );
}

/** The column `ec2_id` or `id_tail` holds the last 17 digits in an index. */
function tailOf({ name, ec2Prefix, hasIdTail }: TableOfIds): string {
  const column = ec2Prefix === undefined ? hasIdTail && 'id_tail' : 'ec2_id';
  return column
    ? ` union (select id, name from ${name} where tenant_id = $1 and ${column} between $5 and $6 order by ${column} limit $4)`
    : '';
}

function rangeOf({ ec2Prefix, hasIdTail }: TableOfIds, digits: string): readonly string[] {
  if (ec2Prefix === undefined && !hasIdTail) return [];
  const prefix = ec2Prefix === undefined ? '' : `${ec2Prefix}-`;
  // Longer than the column's digits: between these two, there is no id.
  if (digits.length > TAIL_DIGITS) return [prefix, prefix];
  return ['0', 'f'].map((end) => prefix + digits.padEnd(TAIL_DIGITS, end));
}
