import { LAST_ID } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { AccountRepository, Admitted, SecondFactorRow, SoleTenantRow } from './account-repository.ts';
import type { SessionRow, UserRow } from './user.ts';

const SESSION_COLUMNS = 'id, ip_address, user_agent, created_at, last_used, expires_at';
/** The index idx_api_keys_sessions has these. */
const IS_LIVE = `kind = 'session' and revoked_at is null and expires_at > now()`;

export const createPgAccountRepository = (sql: Sql): AccountRepository => ({
  async admitGuess(userId, source, at, offered) {
    const [row] = await sql.query<Admitted>(
      'identity.admit_guess',
      'select verdict, until, fits from admit_guess($1, $2, $3, $4)',
      [userId, source, at, offered ?? null],
    );
    return row!;
  },

  async recordGuess(userId, source, succeeded, at) {
    await sql.query('identity.record_guess', 'select record_guess($1, $2, $3, $4)', [userId, source, succeeded, at]);
  },

  async requestReset(email, { id, mailId, source, at }) {
    const [row] = await sql.query<{ id: string; email: string; name: string }>(
      'identity.request_reset',
      'select user_id as id, email, name from request_password_reset($1, $2, $3, $4, $5)',
      [email, id, source, mailId, at],
    );
    return row;
  },

  async resetPassword(tokenHash, passwordHash, source, at) {
    const [row] = await sql.query<{ id: string | null }>(
      'identity.reset_password',
      'select reset_password($1, $2, $3, $4) as id',
      [tokenHash, passwordHash, source, at],
    );
    return row!.id ?? undefined;
  },

  async changePassword(userId, newHash, keyId, at) {
    await sql.query('identity.change_password', 'select change_password_by_key($1, $2, $3, $4)', [
      userId,
      newHash,
      keyId,
      at,
    ]);
  },

  async updateUser(userId, { name, email }, at) {
    const [row] = await sql.query<UserRow>(
      'identity.update_user',
      `update users set name = $2, email = $3, updated_at = $4, email_changed_at = case when email = $3::varchar then email_changed_at else $4::timestamptz end
       where id = $1
       returning id, email, name, role, default_tenant_id, created_at, updated_at`,
      [userId, name, email, at],
    );
    return row!;
  },

  async openSession({ id, userId, offered, hash, prefix, expiresAt, ipAddress, userAgent, at }) {
    const [row] = await sql.query<{ opened: boolean }>(
      'identity.open_session',
      'select open_session($1, $2, $3, $4, $5, $6, $7, $8, $9) as opened',
      [userId, offered, id, hash, prefix, expiresAt, ipAddress, userAgent, at],
    );
    return row!.opened;
  },

  listSessions(userId, page) {
    return sql.query<SessionRow>(
      'identity.list_sessions',
      `select ${SESSION_COLUMNS} from api_keys where user_id = $1 and ${IS_LIVE} and id < $2 order by id desc limit $3`,
      [userId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  async findSession(userId, id) {
    const [row] = await sql.query<SessionRow>(
      'identity.find_session',
      `select ${SESSION_COLUMNS} from api_keys where user_id = $1 and id = $2 and ${IS_LIVE}`,
      [userId, id],
    );
    return row;
  },

  async endSession(userId, id, at) {
    const [row] = await sql.query<{ ended: boolean }>(
      'identity.end_session',
      'select end_session($1, $2, $3) as ended',
      [userId, id, at],
    );
    return row!.ended;
  },

  async endSessions(userId, kept, at) {
    const [row] = await sql.query<{ ended: number }>(
      'identity.end_sessions',
      'select end_sessions($1, $2, $3) as ended',
      [userId, kept, at],
    );
    return row!.ended;
  },

  async endOldSessions(userId, keep, at) {
    await sql.query('identity.end_old_sessions', 'select end_old_sessions($1, $2, $3)', [userId, keep, at]);
  },

  async findSecondFactor(userId) {
    const [row] = await sql.query<SecondFactorRow>(
      'identity.find_second_factor',
      'select secret_sealed, confirmed_at from find_second_factor($1)',
      [userId],
    );
    return row;
  },

  async enrolSecondFactor(userId, secretSealed, at) {
    const rows = await sql.query(
      'identity.enrol_second_factor',
      `insert into second_factors as f (user_id, secret_sealed, created_at) values ($1, $2, $3)
       on conflict (user_id) do update set secret_sealed = $2, created_at = $3, last_step = 0
       where f.confirmed_at is null
       returning 1 as ok`,
      [userId, secretSealed, at],
    );
    return rows.length === 1;
  },

  async confirmSecondFactor(userId, at) {
    await sql.query(
      'identity.confirm_second_factor',
      'update second_factors set confirmed_at = $2 where user_id = $1',
      [userId, at],
    );
  },

  async useCodeStep(userId, step) {
    const [row] = await sql.query<{ used: boolean }>('identity.use_code_step', 'select use_code_step($1, $2) as used', [
      userId,
      step,
    ]);
    return row!.used;
  },

  async useRecoveryCode(userId, hash, at) {
    const [row] = await sql.query<{ used: boolean }>(
      'identity.use_recovery_code',
      'select use_recovery_code($1, $2, $3) as used',
      [userId, hash, at],
    );
    return row!.used;
  },

  async setRecoveryCodes(userId, hashes) {
    await sql.query('identity.drop_recovery_codes', 'delete from recovery_codes where user_id = $1', [userId]);
    await sql.query(
      'identity.add_recovery_codes',
      'insert into recovery_codes (user_id, code_hash) select $1, unnest($2::text[])',
      [userId, hashes],
    );
  },

  async countRecoveryCodes(userId) {
    const [row] = await sql.query<{ count: number }>(
      'identity.count_recovery_codes',
      'select count(*)::int as count from recovery_codes where user_id = $1 and used_at is null',
      [userId],
    );
    return row!.count;
  },

  async deleteSecondFactor(userId) {
    await sql.query('identity.delete_second_factor', 'delete from second_factors where user_id = $1', [userId]);
  },

  lockSoleTenants(userId) {
    return sql.query<SoleTenantRow>(
      'identity.lock_sole_tenants',
      'select tenant_id, name, others from lock_sole_tenants($1)',
      [userId],
    );
  },

  async closeAccount(userId, at) {
    const [row] = await sql.query<{ closed: boolean }>(
      'identity.close_account',
      'select close_account_by_key($1, $2) as closed',
      [userId, at],
    );
    return row!.closed;
  },
});
