import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { IdentityRepository, LoginRow, RegisterOutcome } from './identity-repository.ts';
import type { ApiKeyRow, UserRow } from './user.ts';

const KEY_COLUMNS = 'id, user_id, tenant_id, name, kind, prefix, aws_access_key_id, created_at, last_used, expires_at';

/** Most keys of one name that are looked at: more than the quota lets a user have. */
const MOST_NAMESAKES = 100;

export const createPgIdentityRepository = (sql: Sql): IdentityRepository => ({
  async register(user) {
    const [row] = await sql.query<{ outcome: RegisterOutcome }>(
      'identity.register',
      'select outcome from register_user($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      [
        user.userId,
        user.email,
        user.passwordHash,
        user.name,
        user.tenantId,
        user.tenantName,
        user.tenantSlug,
        user.accountNumber,
        user.at,
      ],
    );
    return row!.outcome;
  },

  async findUser(id) {
    const [row] = await sql.query<UserRow>(
      'identity.find_user',
      'select id, email, name, role, default_tenant_id, created_at, updated_at from users where id = $1',
      [id],
    );
    return row;
  },

  async accountNumber(tenantId) {
    const [row] = await sql.query<{ account_number: string }>(
      'identity.account_number',
      'select account_number from tenants where id = $1',
      [tenantId],
    );
    return row?.account_number;
  },

  async findLogin(email) {
    const [row] = await sql.query<LoginRow>(
      'identity.find_login',
      `select user_id as id, email, name, role, default_tenant_id, created_at, updated_at, password_hash, locked_until, closed_at
       from find_login($1)`,
      [email],
    );
    return row;
  },

  async recordLogin(userId, succeeded, at) {
    const rows = await sql.query(
      'identity.record_login',
      'select 1 as ok from record_login($1, $2, $3) where $2 or locked_until is null or locked_until <= $3',
      [userId, succeeded, at],
    );
    return rows.length === 1;
  },

  async insertKey(key) {
    const [row] = await sql.query<ApiKeyRow>(
      'identity.insert_key',
      `insert into api_keys (id, user_id, tenant_id, name, kind, key, prefix, expires_at, aws_access_key_id, aws_secret_sealed, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning ${KEY_COLUMNS}`,
      [
        key.id,
        key.userId,
        key.tenantId,
        key.name,
        key.kind,
        key.hash,
        key.prefix,
        key.expiresAt,
        key.awsAccessKeyId,
        key.awsSecretSealed,
        key.at,
      ],
    );
    return row!;
  },

  async endSession(userId, hash, at) {
    // The one way to a key's hash.
    const [row] = await sql.query<{ id: string }>(
      'identity.end_session',
      `update api_keys set revoked_at = $3
       where id = (select key_id from authenticate_keys(array[$2::text], null)) and user_id = $1 and kind = 'session' and revoked_at is null
       returning id`,
      [userId, hash, at],
    );
    return row?.id;
  },

  async endOldSessions(userId, keep, at) {
    await sql.query(
      'identity.end_old_sessions',
      `update api_keys set revoked_at = $3
       where id in (
         select id from api_keys
         where user_id = $1 and kind = 'session' and revoked_at is null and expires_at > $3
         order by id desc offset $2 limit ${MOST_NAMESAKES})`,
      [userId, keep, at],
    );
  },

  async findKey(tenantId, userId, ref, lock) {
    const byId = isUuid(ref);
    const rows = await sql.query<ApiKeyRow>(
      `identity.find_key_by_${byId ? 'id' : 'name'}${lock ? '_locked' : ''}`,
      `select ${KEY_COLUMNS} from api_keys
       where tenant_id = $1 and user_id = $2 and revoked_at is null and (expires_at is null or expires_at > now())
         and ${byId ? 'id' : 'name'} = $3
       order by id desc limit ${MOST_NAMESAKES}${lock ? ' for no key update' : ''}`,
      [tenantId, userId, ref],
    );
    return rows[0] && { ...rows[0], namesakes: rows.length - 1 };
  },

  listKeys(tenantId, userId, page) {
    return sql.query<ApiKeyRow>(
      'identity.list_keys',
      `select ${KEY_COLUMNS} from api_keys
       where tenant_id = $1 and user_id = $2 and revoked_at is null and (expires_at is null or expires_at > now())
         and id < $3
       order by id desc limit $4`,
      [tenantId, userId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  async countKeys(tenantId, userId) {
    const [row] = await sql.query<{ count: number }>(
      'identity.count_keys',
      `select count(*)::int as count from api_keys
       where tenant_id = $1 and user_id = $2 and kind = 'api' and revoked_at is null and (expires_at is null or expires_at > now())`,
      [tenantId, userId],
    );
    return row!.count;
  },

  async revokeKey(id, at) {
    await sql.query('identity.revoke_key', 'update api_keys set revoked_at = $2 where id = $1 and revoked_at is null', [
      id,
      at,
    ]);
  },
});
