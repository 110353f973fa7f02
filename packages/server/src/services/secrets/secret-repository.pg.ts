import type { PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type SecretRow, SECRETS } from './secret.ts';
import { CURRENT, type SealedVersionRow, VERSION_COLUMNS, type VersionRow } from './version.ts';

export interface NewSecret {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly description: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly at: Date;
}

export interface NewVersion {
  readonly tenantId: string;
  readonly secretId: string;
  readonly id: string;
  readonly sealed: string;
  readonly size: number;
  readonly isBinary: boolean;
  readonly userId: string;
  readonly stages: readonly string[];
  readonly at: Date;
}

/** Sorts before every version. */
const FIRST = 2_147_483_647;

/** What secrets ask of the database beyond kernel/resource.ts. Who writes versions has locked the secret's row. */
export const createPgSecretRepository = (sql: Sql) => ({
  /** Undefined: the name is taken. */
  async insert(secret: NewSecret): Promise<SecretRow | undefined> {
    const [row] = await sql.query<SecretRow>(
      'secrets.insert',
      `insert into secrets (id, user_id, tenant_id, name, encrypted_value, description, labels, created_at, updated_at)
       values ($1, $2, $3, $4, '', $5, $6, $7, $7) on conflict (tenant_id, name) do nothing returning ${SECRETS.columns}`,
      [
        secret.id,
        secret.userId,
        secret.tenantId,
        secret.name,
        secret.description,
        JSON.stringify(secret.labels),
        secret.at,
      ],
    );
    return row;
  },

  async describe(id: string, description: string | null, at: Date): Promise<SecretRow> {
    const [row] = await sql.query<SecretRow>(
      'secrets.describe',
      `update secrets set description = $2, version = version + 1, updated_at = $3 where id = $1 returning ${SECRETS.columns}`,
      [id, description, at],
    );
    return row!;
  },

  async setLabels(id: string, labels: Readonly<Record<string, string>>, at: Date): Promise<SecretRow> {
    const [row] = await sql.query<SecretRow>(
      'secrets.set_labels',
      `update secrets set labels = $2, version = version + 1, updated_at = $3 where id = $1 returning ${SECRETS.columns}`,
      [id, JSON.stringify(labels), at],
    );
    return row!;
  },

  /** Null restores it. */
  async setDeletion(id: string, deletesAt: Date | null, at: Date): Promise<SecretRow> {
    const [row] = await sql.query<SecretRow>(
      'secrets.set_deletion',
      `update secrets set deletes_at = $2, version = version + 1, updated_at = $3 where id = $1 returning ${SECRETS.columns}`,
      [id, deletesAt, at],
    );
    return row!;
  },

  async setRotation(
    id: string,
    rotation: Pick<SecretRow, 'rotation_days' | 'rotation_length' | 'rotates_at'>,
    at: Date,
  ): Promise<SecretRow> {
    const [row] = await sql.query<SecretRow>(
      'secrets.set_rotation',
      `update secrets set rotation_days = $2, rotation_length = $3, rotates_at = $4, version = version + 1, updated_at = $5
       where id = $1 returning ${SECRETS.columns}`,
      [id, rotation.rotation_days, rotation.rotation_length, rotation.rotates_at, at],
    );
    return row!;
  },

  async noteRotation(id: string, next: Date | null, at: Date): Promise<SecretRow> {
    const [row] = await sql.query<SecretRow>(
      'secrets.note_rotation',
      `update secrets set rotated_at = $2, rotates_at = $3 where id = $1 returning ${SECRETS.columns}`,
      [id, at, next],
    );
    return row!;
  },

  /** For a worker: one whose rotation is due, locked; undefined: there is none, or others have them. */
  async takeDue(now: Date): Promise<SecretRow | undefined> {
    const [row] = await sql.query<SecretRow>(
      'secrets.take_due',
      `select ${SECRETS.columns} from secrets where rotates_at <= $1 and deletes_at is null
       order by rotates_at limit 1 for no key update skip locked`,
      [now],
    );
    return row;
  },

  async postpone(id: string, until: Date): Promise<void> {
    await sql.query('secrets.postpone', 'update secrets set rotates_at = $2 where id = $1', [id, until]);
  },

  /** With its versions. */
  async remove(id: string): Promise<void> {
    await sql.query('secrets.remove', 'delete from secrets where id = $1', [id]);
  },

  /** Notes a read, unless somebody else is just writing the row: then the next one does. */
  async noteAccess(id: string, at: Date): Promise<void> {
    await sql.query(
      'secrets.note_access',
      `update secrets set last_accessed_at = $2 where id = (select id from secrets where id = $1 for no key update skip locked)`,
      [id, at],
    );
  },

  /** All versions of a secret, the newest first; a secret has few. */
  versions: (tenantId: string, secretId: string): Promise<readonly VersionRow[]> =>
    sql.query<VersionRow>(
      'secrets.versions',
      `select ${VERSION_COLUMNS} from secret_versions where tenant_id = $1 and secret_id = $2 order by number desc`,
      [tenantId, secretId],
    ),

  /** A page of them, and one more than its limit; `after` is a number. */
  listVersions: (tenantId: string, secretId: string, page: PageRequest): Promise<readonly VersionRow[]> =>
    sql.query<VersionRow>(
      'secrets.list_versions',
      `select ${VERSION_COLUMNS} from secret_versions where tenant_id = $1 and secret_id = $2 and number < $3
       order by number desc limit $4`,
      [tenantId, secretId, page.after === null ? FIRST : Number(page.after), page.limit + 1],
    ),

  /** A version by its id, by a stage, or by both; undefined if there is none. */
  async findSealed(
    tenantId: string,
    secretId: string,
    { id, stage }: { readonly id?: string | undefined; readonly stage?: string | undefined },
  ): Promise<SealedVersionRow | undefined> {
    const [row] = await sql.query<SealedVersionRow>(
      'secrets.find_sealed',
      `select ${VERSION_COLUMNS}, sealed from secret_versions
       where tenant_id = $1 and secret_id = $2 and ($3::varchar is null or version_id = $3) and ($4::text is null or $4 = any (stages))
       order by number desc limit 1`,
      [tenantId, secretId, id ?? null, stage ?? null],
    );
    return row;
  },

  async insertVersion(version: NewVersion): Promise<VersionRow> {
    const [row] = await sql.query<VersionRow>(
      'secrets.insert_version',
      `insert into secret_versions (tenant_id, secret_id, number, version_id, sealed, size, is_binary, user_id, stages, created_at, unstaged_at)
       select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9, case when $8::text[] = '{}' then $9::timestamptz end
       from secret_versions where secret_id = $2
       returning ${VERSION_COLUMNS}`,
      [
        version.tenantId,
        version.secretId,
        version.id,
        version.sealed,
        version.size,
        version.isBinary,
        version.userId,
        version.stages,
        version.at,
      ],
    );
    return row!;
  },

  async setStages(
    secretId: string,
    changed: readonly { readonly id: string; readonly stages: readonly string[] }[],
    at: Date,
  ): Promise<void> {
    await sql.query(
      'secrets.set_stages',
      `update secret_versions v set stages = array(select jsonb_array_elements_text(wanted.stages)),
         unstaged_at = case when wanted.stages = '[]' then coalesce(v.unstaged_at, $3) end
       from jsonb_to_recordset($2::jsonb) as wanted(id text, stages jsonb) where v.secret_id = $1 and v.version_id = wanted.id`,
      [secretId, JSON.stringify(changed), at],
    );
  },

  /** Removes the oldest versions without a stage, so that `most` are left. */
  async prune(secretId: string, most: number): Promise<void> {
    await sql.query(
      'secrets.prune_versions',
      `delete from secret_versions where secret_id = $1 and number in (
         select number from secret_versions where secret_id = $1 and stages = '{}' order by number
         limit greatest(0, (select count(*) from secret_versions where secret_id = $1) - $2))`,
      [secretId, most],
    );
  },

  /** Notes that a value or a stage has changed, and puts the current value where the guide has it. */
  async touch(tenantId: string, id: string, at: Date): Promise<SecretRow> {
    const [row] = await sql.query<SecretRow>(
      'secrets.touch',
      `update secrets set version = version + 1, updated_at = $3, encrypted_value = coalesce(
         (select v.sealed from secret_versions v where v.tenant_id = $4 and v.secret_id = $1 and $2 = any (v.stages) limit 1), '')
       where id = $1 returning ${SECRETS.columns}`,
      [id, CURRENT, at, tenantId],
    );
    return row!;
  },
});
