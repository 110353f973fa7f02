import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { OperatedUserRow, UserStatus } from './user.ts';

const COLUMNS = `id, email, name, role, locked_until, suspended_at, suspended_reason, created_at,
  case when closed_at is not null then 'closed' when suspended_at is not null then 'suspended' when locked_until > now() then 'locked' else 'active' end as status`;

/** Conditions of the list's filter by status, each with an index that leads to the few users who fit. */
const WITH_STATUS: Readonly<Record<UserStatus, string>> = {
  active: 'closed_at is null and suspended_at is null and (locked_until is null or locked_until <= now())',
  locked: 'locked_until is not null and locked_until > now() and closed_at is null and suspended_at is null',
  suspended: 'suspended_at is not null and closed_at is null',
  closed: 'closed_at is not null',
};

export interface UserFilter {
  readonly email?: string | undefined;
  readonly role?: string | undefined;
  readonly status?: UserStatus | undefined;
}

export const createPgOperatedUsers = (sql: Sql) => ({
  /** By id or e-mail address. The rows of the platform itself are nobody. */
  async find(ref: string, lock: boolean): Promise<OperatedUserRow | undefined> {
    const by = isUuid(ref) ? 'id' : 'email';
    const [row] = await sql.query<OperatedUserRow>(
      `operator.find_user_by_${by}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from users where ${by === 'id' ? 'id = $1' : 'lower(email) = lower($1)'} and kind = 'person'${lock ? ' for no key update' : ''}`,
      [ref],
    );
    return row;
  },

  /** A page, newest first, and one row more than its limit: see toPage. */
  list(page: PageRequest, { email, role, status }: UserFilter): Promise<readonly OperatedUserRow[]> {
    const values: unknown[] = [page.after ?? LAST_ID, page.limit + 1];
    const conditions = [
      `kind = 'person' and id < $1`,
      ...(email === undefined
        ? []
        : [`id = (select id from users where lower(email) = lower($${values.push(email)}) and kind = 'person')`]),
      ...(role === undefined ? [] : [`role = $${values.push(role)}`]),
      ...(status === undefined ? [] : [WITH_STATUS[status]]),
    ];
    return sql.query<OperatedUserRow>(
      'operator.list_users',
      `select ${COLUMNS} from users where ${conditions.join(' and ')} order by id desc limit $2`,
      values,
    );
  },

  memberships: (userId: string) =>
    sql.query<{ tenant_id: string; role: string }>(
      'operator.memberships_of',
      'select tenant_id, role from memberships where user_id = $1 order by tenant_id limit 100',
      [userId],
    ),

  async setSuspension(userId: string, since: Date | null, reason: string | null, at: Date): Promise<void> {
    await sql.query(
      'operator.set_suspension',
      'update users set suspended_at = $2, suspended_reason = $3, updated_at = $4 where id = $1',
      [userId, since, reason, at],
    );
  },

  async setOperator(userId: string, wanted: boolean, at: Date): Promise<'done' | 'unchanged' | 'closed' | 'last'> {
    const [row] = await sql.query<{ outcome: 'done' | 'unchanged' | 'closed' | 'last' }>(
      'operator.set_operator',
      'select set_operator_by_key($1, $2, $3) as outcome',
      [userId, wanted, at],
    );
    return row!.outcome;
  },
});
