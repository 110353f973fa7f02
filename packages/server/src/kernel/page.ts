import Type from 'typebox';
import { invalidInput } from './errors.ts';
import { isUuid } from './ids.ts';
import type { PageOf } from './operation.ts';

export const DEFAULT_LIMIT = 50;

/** Sorts behind every id: a list that starts at the top goes on from here, so that the same index condition serves each page. */
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Members of every list's input: `limit` 1 to 1000 (default 50) and the `cursor` of the answer before. */
export const pageInput = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: DEFAULT_LIMIT,
      description: `Maximum number of results; default ${DEFAULT_LIMIT}`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'meta.next_cursor of the previous page' }),
  ),
};

/** Of a list that can be asked for some of its things alone. */
export const idsInput = {
  id: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
      maxItems: 1000,
      description: 'Only resources with one of these ids or EC2 ids',
    }),
  ),
};

/** Where a list goes on: newest first, after the row with id `after`. Ids are UUIDv7, so their order is the order of creation. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | null;
}

/** Reads `limit` and `cursor`. Throws INVALID_INPUT for a cursor that no list gave out. */
export function pageRequest(
  input: { readonly limit?: number; readonly cursor?: string },
  isId: (text: string) => boolean = isUuid,
): PageRequest {
  const limit = input.limit ?? DEFAULT_LIMIT;
  if (input.cursor === undefined) return { limit, after: null };
  const after = Buffer.from(input.cursor, 'base64url').toString('utf8');
  if (!isId(after))
    throw invalidInput(`cursor '${input.cursor}' was not returned by a list; omit it to start from the beginning`);
  return { limit, after };
}

/** The cursor of a list that goes on behind the row with this id. */
export const cursorBehind = (id: string): string => Buffer.from(id).toString('base64url');

/** Cuts `limit + 1` fetched rows to a page: the one too many tells that there is more. */
export function toPage<Row>(rows: readonly Row[], limit: number, idOf: (row: Row) => string): PageOf<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items };
  return { items, nextCursor: cursorBehind(idOf(last)) };
}
