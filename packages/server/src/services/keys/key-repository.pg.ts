import type { KeyLimits } from '../../kernel/caller.ts';
import { isAwsAccessKeyId, isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { ApiKeyRow, FoundKeyRow } from './api-key.ts';

const COLUMNS =
  'id, user_id, tenant_id, name, kind, parent_id, made_with, all_tenants, prefix, permissions, cidrs::text[] as cidrs, aws_access_key_id, created_at, last_used, expires_at';
const LIVE = 'revoked_at is null and (expires_at is null or expires_at > now())';

/** What a reference names, and the column. */
const columnOf = (ref: string): readonly [by: string, column: string] =>
  isUuid(ref) ? ['id', 'id'] : isAwsAccessKeyId(ref) ? ['aws', 'aws_access_key_id'] : ['name', 'name'];

/** Most keys of one name that are looked at: more than the quota lets a user have. */
const MOST_NAMESAKES = 100;

export interface NewKey extends KeyLimits {
  /** The key that this temporary key is made from. Default: none. */
  readonly parentId?: string;
  /** The key that it is made with; null: none that takes it along. */
  readonly madeWith: string | null;
  readonly allTenants: boolean;
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  /** Hex SHA-256 of the key. */
  readonly hash: string;
  readonly prefix: string;
  readonly awsAccessKeyId: string;
  readonly awsSecretSealed: string;
  readonly at: Date;
}

/** Keys that are neither revoked nor expired. Sessions are in the same table; logins write those. */
export const createPgKeyRepository = (sql: Sql) => ({
  async insert(key: NewKey): Promise<ApiKeyRow> {
    const [row] = await sql.query<ApiKeyRow>(
      'keys.insert',
      `insert into api_keys (id, user_id, tenant_id, name, kind, key, prefix, permissions, cidrs, expires_at, aws_access_key_id,
         aws_secret_sealed, created_at, parent_id, made_with, all_tenants)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[]::cidr[], $10, $11, $12, $13, $14, $15, $16) returning ${COLUMNS}`,
      [
        key.id,
        key.userId,
        key.tenantId,
        key.name,
        key.parentId === undefined ? 'api' : 'temporary',
        key.hash,
        key.prefix,
        key.permissions,
        key.cidrs,
        key.expires_at,
        key.awsAccessKeyId,
        key.awsSecretSealed,
        key.at,
        key.parentId ?? null,
        key.madeWith,
        key.allTenants,
      ],
    );
    return row!;
  },

  /** A user's, by id or by AWS access key id, or by name if the reference looks like neither. Of several the newest. */
  async find(tenantId: string, userId: string, ref: string, lock: boolean): Promise<FoundKeyRow | undefined> {
    const [by, column] = columnOf(ref);
    const rows = await sql.query<ApiKeyRow>(
      `keys.find_by_${by}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from api_keys
       where tenant_id = $1 and user_id = $2 and ${LIVE} and ${column} = $3
       order by id desc limit ${MOST_NAMESAKES}${lock ? ' for no key update' : ''}`,
      [tenantId, userId, ref],
    );
    return rows[0] && { ...rows[0], namesakes: rows.length - 1 };
  },

  /** Any member's, without sessions, by id or by AWS access key id. */
  async findOfTenant(tenantId: string, ref: string, lock: boolean): Promise<ApiKeyRow | undefined> {
    const [by, column] = columnOf(ref);
    const [row] = await sql.query<ApiKeyRow>(
      `keys.find_of_tenant_by_${by}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from api_keys where tenant_id = $1 and ${column} = $2 and kind = 'api' and ${LIVE}${lock ? ' for no key update' : ''}`,
      [tenantId, ref],
    );
    return row;
  },

  list(tenantId: string, userId: string, page: PageRequest): Promise<readonly ApiKeyRow[]> {
    return sql.query<ApiKeyRow>(
      'keys.list',
      `select ${COLUMNS} from api_keys where tenant_id = $1 and user_id = $2 and ${LIVE} and id < $3 order by id desc limit $4`,
      [tenantId, userId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  /** All members', without sessions. */
  listOfTenant(tenantId: string, page: PageRequest): Promise<readonly ApiKeyRow[]> {
    return sql.query<ApiKeyRow>(
      'keys.list_of_tenant',
      `select ${COLUMNS} from api_keys where tenant_id = $1 and kind = 'api' and ${LIVE} and id < $2 order by id desc limit $3`,
      [tenantId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  /** One member's, without sessions. */
  listOfMember(tenantId: string, userId: string, page: PageRequest): Promise<readonly ApiKeyRow[]> {
    return sql.query<ApiKeyRow>(
      'keys.list_of_member',
      `select ${COLUMNS} from api_keys where tenant_id = $1 and user_id = $2 and kind = 'api' and ${LIVE} and id < $3
       order by id desc limit $4`,
      [tenantId, userId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  /** The user's live keys in the tenant, without sessions. */
  async count(tenantId: string, userId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'keys.count',
      `select count(*)::int as count from api_keys where tenant_id = $1 and user_id = $2 and kind = 'api' and ${LIVE}`,
      [tenantId, userId],
    );
    return row!.count;
  },

  async change(id: string, name: string, limits: KeyLimits, allTenants: boolean): Promise<ApiKeyRow> {
    const [row] = await sql.query<ApiKeyRow>(
      'keys.change',
      `update api_keys set name = $2, permissions = $3, cidrs = $4::text[]::cidr[], expires_at = $5, all_tenants = $6 where id = $1 returning ${COLUMNS}`,
      [id, name, limits.permissions, limits.cidrs, limits.expires_at, allTenants],
    );
    return row!;
  },

  /**
   * The key of the caller in whatever tenant, with a lock that holds back who ends or limits it: what is made from it before the commit follows.
   * Undefined: it has ended by now.
   */
  async holdOwn(id: string): Promise<ApiKeyRow | undefined> {
    const [row] = await sql.query<ApiKeyRow>(
      'keys.hold_own',
      `select ${COLUMNS} from api_keys where id = $1 and ${LIVE} for no key update`,
      [id],
    );
    return row;
  },

  /** How many temporary keys that were made from this key live. */
  async countOf({ id, user_id: userId }: Pick<ApiKeyRow, 'id' | 'user_id'>): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'keys.count_of',
      `select count(*)::int as count from api_keys
       where user_id = $1 and parent_id = $2 and revoked_at is null and expires_at > now()`,
      [userId, id],
    );
    return row!.count;
  },

  async expire(id: string, at: Date): Promise<void> {
    await sql.query('keys.expire', 'update api_keys set expires_at = least(expires_at, $2) where id = $1', [id, at]);
  },

  async revoke(id: string, at: Date): Promise<void> {
    await sql.query('keys.revoke', 'update api_keys set revoked_at = $2 where id = $1 and revoked_at is null', [
      id,
      at,
    ]);
  },

  /**
   * Revokes the live keys that were made with this one, and those that were made with them: the user's in all tenants, for others those in their
   * tenant. The key `spared`, with which this is done, goes on, and so does what was made with it. Answers how many.
   */
  async revokeMadeWith(id: string, at: Date, spared: string | null): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'keys.revoke_made_with',
      'select revoke_made_keys($1, $2, $3) as count',
      [id, at, spared],
    );
    return row!.count;
  },

  /** What was made with the one key, and what it still makes, is taken along by the other from now on. */
  async replaceMadeWith(from: string, to: string): Promise<void> {
    await sql.query('keys.replace_made_with', 'select replace_made_with($1, $2)', [from, to]);
  },
});
