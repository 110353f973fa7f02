import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { Place, RotationRow, SealedRow } from './rotation.ts';

const COLUMNS = `id, status, key_version, at_place, at_row, written::float8 as resealed, reason, created_at, updated_at, ended_at`;

export const createPgRotations = (sql: Sql) => ({
  /** Undefined: one is under way. */
  async insert(id: string, at: Date): Promise<RotationRow | undefined> {
    const [row] = await sql.query<RotationRow>(
      'masterkeys.insert',
      `insert into master_key_rotations (id, created_at, updated_at) values ($1, $2, $2)
       on conflict ((true)) where ended_at is null do nothing returning ${COLUMNS}`,
      [id, at],
    );
    return row;
  },

  list: (page: PageRequest): Promise<readonly RotationRow[]> =>
    sql.query<RotationRow>(
      'masterkeys.list',
      `select ${COLUMNS} from master_key_rotations where id < $1 order by id desc limit $2`,
      [page.after ?? LAST_ID, page.limit + 1],
    ),

  /** The one that is under way. */
  async findRunning(): Promise<RotationRow | undefined> {
    const [row] = await sql.query<RotationRow>(
      'masterkeys.find_running',
      `select ${COLUMNS} from master_key_rotations where ended_at is null`,
    );
    return row;
  },

  async choose(id: string, version: number, at: Date): Promise<void> {
    await sql.query(
      'masterkeys.choose',
      'update master_key_rotations set key_version = $2, updated_at = $3 where id = $1',
      [id, version, at],
    );
  },

  async proceed(id: string, { at_place, at_row }: Place, more: number, at: Date): Promise<void> {
    await sql.query(
      'masterkeys.proceed',
      `update master_key_rotations set status = 'RESEALING', at_place = $2, at_row = $3, written = written + $4, updated_at = $5 where id = $1`,
      [id, at_place, at_row, more, at],
    );
  },

  async end(id: string, status: 'DONE' | 'FAILED', reason: string | null, at: Date): Promise<void> {
    await sql.query(
      'masterkeys.end',
      'update master_key_rotations set status = $2, reason = $3, ended_at = $4, updated_at = $4 where id = $1',
      [id, status, reason, at],
    );
  },

  async countColumns(): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'masterkeys.count_columns',
      'select coalesce(max(place), 0)::int as count from sealed_columns',
    );
    return row!.count;
  },

  batch: (place: Place, newest: number, most: number): Promise<readonly SealedRow[]> =>
    sql.query<SealedRow>('masterkeys.batch', 'select * from sealed_batch($1, $2, $3, $4)', [
      place.at_place,
      place.at_row,
      newest,
      most,
    ]),

  /** How many were as they were read. */
  async reseal(place: number, rows: readonly (SealedRow & { readonly next: string })[]): Promise<number> {
    const [row] = await sql.query<{ count: number }>('masterkeys.reseal', 'select reseal($1, $2, $3, $4) as count', [
      place,
      rows.map(({ row_at }) => row_at),
      rows.map(({ sealed }) => sealed),
      rows.map(({ next }) => next),
    ]);
    return row!.count;
  },

  async isLeft(newest: number): Promise<boolean> {
    const [row] = await sql.query<{ is_left: boolean }>(
      'masterkeys.is_left',
      'select is_sealed_otherwise($1) as is_left',
      [newest],
    );
    return row!.is_left;
  },
});
