import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { ApiKeyRow, FoundKeyRow, KeyLimits } from './api-key.ts';

const COLUMNS =
  'id, user_id, tenant_id, name, kind, prefix, permissions, cidrs::text[] as cidrs, aws_access_key_id, created_at, last_used, expires_at';
const LIVE = 'revoked_at is null and (expires_at is null or expires_at > now())';

/** Most keys of one name that are looked at: more than the quota lets a user have. */
const MOST_NAMESAKES = 100;

export interface NewKey extends KeyLimits {
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
         aws_secret_sealed, created_at)
       values ($1, $2, $3, $4, 'api', $5, $6, $7, $8::text[]::cidr[], $9, $10, $11, $12) returning ${COLUMNS}`,
      [
        key.id,
        key.userId,
        key.tenantId,
        key.name,
        key.hash,
        key.prefix,
        key.permissions,
        key.cidrs,
        key.expires_at,
        key.awsAccessKeyId,
        key.awsSecretSealed,
        key.at,
      ],
    );
    return row!;
  },

  /** A user's, by id, or by name if the reference does not look like an id. Of several the newest. */
  async find(tenantId: string, userId: string, ref: string, lock: boolean): Promise<FoundKeyRow | undefined> {
    const byId = isUuid(ref);
    const rows = await sql.query<ApiKeyRow>(
      `keys.find_by_${byId ? 'id' : 'name'}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from api_keys
       where tenant_id = $1 and user_id = $2 and ${LIVE} and ${byId ? 'id' : 'name'} = $3
       order by id desc limit ${MOST_NAMESAKES}${lock ? ' for no key update' : ''}`,
      [tenantId, userId, ref],
    );
    return rows[0] && { ...rows[0], namesakes: rows.length - 1 };
  },

  /** Any member's, without sessions. */
  async findOfTenant(tenantId: string, id: string, lock: boolean): Promise<ApiKeyRow | undefined> {
    const [row] = await sql.query<ApiKeyRow>(
      `keys.find_of_tenant${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from api_keys where tenant_id = $1 and id = $2 and kind = 'api' and ${LIVE}${lock ? ' for no key update' : ''}`,
      [tenantId, id],
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

  /** The user's live keys in the tenant, without sessions. */
  async count(tenantId: string, userId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'keys.count',
      `select count(*)::int as count from api_keys where tenant_id = $1 and user_id = $2 and kind = 'api' and ${LIVE}`,
      [tenantId, userId],
    );
    return row!.count;
  },

  async change(id: string, name: string, limits: KeyLimits): Promise<ApiKeyRow> {
    const [row] = await sql.query<ApiKeyRow>(
      'keys.change',
      `update api_keys set name = $2, permissions = $3, cidrs = $4::text[]::cidr[], expires_at = $5 where id = $1 returning ${COLUMNS}`,
      [id, name, limits.permissions, limits.cidrs, limits.expires_at],
    );
    return row!;
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
});
