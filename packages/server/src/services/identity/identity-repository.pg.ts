import type { Sql } from '../../kernel/sql/tx.ts';
import type { IdentityRepository, LoginRow, RegisterOutcome } from './identity-repository.ts';
import type { UserRow } from './user.ts';

/** Most sessions that are ended at a time. */
const MOST_ENDED = 100;

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

  async insertSession(session) {
    await sql.query(
      'identity.insert_session',
      `insert into api_keys (id, user_id, tenant_id, name, kind, key, prefix, expires_at, created_at)
       values ($1, $2, $3, 'login session', 'session', $4, $5, $6, $7)`,
      [session.id, session.userId, session.tenantId, session.hash, session.prefix, session.expiresAt, session.at],
    );
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
         order by id desc offset $2 limit ${MOST_ENDED})`,
      [userId, keep, at],
    );
  },
});
