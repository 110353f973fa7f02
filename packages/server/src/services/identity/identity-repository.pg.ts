import type { Sql } from '../../kernel/sql/tx.ts';
import type { IdentityRepository, LoginRow, RegisterOutcome } from './identity-repository.ts';
import type { UserRow } from './user.ts';

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
      `select user_id as id, email, name, role, default_tenant_id, created_at, updated_at, password_salt, closed_at, suspension
       from find_login($1)`,
      [email],
    );
    return row;
  },

  async endSession(userId, key, at) {
    const [row] = await sql.query<{ id: string }>(
      'identity.end_session_by_key',
      'select key_id as id from authenticate_keys(array[$2::text], null) where end_session($1, key_id, $3)',
      [userId, key, at],
    );
    return row?.id;
  },
});
