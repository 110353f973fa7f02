import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';

/** A member of a tenant. */
export interface MemberRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly joined_at: Date;
}

const COLUMNS = 'u.id, m.tenant_id, u.email, u.name, m.role, m.created_at as joined_at';

/** The members of the transaction's tenant. Who changes them holds the tenant's row first. */
export const createPgMemberRepository = (sql: Sql) => ({
  async lockTenant(tenantId: string): Promise<void> {
    await sql.query('members.lock_tenant', 'select 1 as ok from tenants where id = $1 for no key update', [tenantId]);
  },

  /** By the user's id or e-mail address. */
  async find(tenantId: string, ref: string, lock: boolean): Promise<MemberRow | undefined> {
    const byId = isUuid(ref);
    const [row] = await sql.query<MemberRow>(
      `members.find_by_${byId ? 'id' : 'email'}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from memberships m join users u on u.id = m.user_id
       where m.tenant_id = $1 and m.user_id = ${byId ? '$2' : '(select find_user_id($2))'}${lock ? ' for no key update of m' : ''}`,
      [tenantId, ref],
    );
    return row;
  },

  list(tenantId: string, page: PageRequest): Promise<readonly MemberRow[]> {
    return sql.query<MemberRow>(
      'members.list',
      `select ${COLUMNS} from memberships m join users u on u.id = m.user_id
       where m.tenant_id = $1 and m.user_id < $2 order by m.user_id desc limit $3`,
      [tenantId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  async count(tenantId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'members.count',
      'select count(*)::int as count from memberships where tenant_id = $1',
      [tenantId],
    );
    return row!.count;
  },

  /** The id of a user of the platform; undefined: nobody has this address. */
  async findUserId(email: string): Promise<string | undefined> {
    const [row] = await sql.query<{ id: string | null }>('members.find_user', 'select find_user_id($1) as id', [email]);
    return row?.id ?? undefined;
  },

  /** False: the user is a member already. */
  async insert(tenantId: string, userId: string, role: string, at: Date): Promise<boolean> {
    const rows = await sql.query(
      'members.insert',
      `insert into memberships (tenant_id, user_id, role, created_at) values ($1, $2, $3, $4)
       on conflict (tenant_id, user_id) do nothing returning 1 as ok`,
      [tenantId, userId, role, at],
    );
    return rows.length > 0;
  },

  async setRole(tenantId: string, userId: string, role: string): Promise<void> {
    await sql.query('members.set_role', 'update memberships set role = $3 where tenant_id = $1 and user_id = $2', [
      tenantId,
      userId,
      role,
    ]);
  },

  /** The owner who has been there longest, but for this user; undefined: there is no other. */
  async otherOwner(tenantId: string, userId: string): Promise<string | undefined> {
    const [row] = await sql.query<{ user_id: string }>(
      'members.other_owner',
      `select user_id from memberships where tenant_id = $1 and role = 'owner' and user_id <> $2
       order by created_at, user_id limit 1`,
      [tenantId, userId],
    );
    return row?.user_id;
  },

  /** Makes somebody else the tenant's `owner_id`, if this user is. */
  async handOver(tenantId: string, from: string, to: string): Promise<void> {
    await sql.query('members.hand_over', 'update tenants set owner_id = $3 where id = $1 and owner_id = $2', [
      tenantId,
      from,
      to,
    ]);
  },

  /** Ends the membership of a user, or all (null), in the transaction's tenant, and their keys to it. */
  async end(userId: string | null): Promise<void> {
    await sql.query('members.end', 'select end_memberships($1) as ended', [userId]);
  },
});

/**
 * Before an owner ceases to be one: makes another owner the tenant's `owner_id` where it was this one. False, and nothing changed: there is no
 * other. The caller holds the tenant's row, so that two last owners cannot go at once.
 */
export async function handOverTenant(sql: Sql, tenantId: string, owner: Pick<MemberRow, 'id'>): Promise<boolean> {
  const members = createPgMemberRepository(sql);
  const heir = await members.otherOwner(tenantId, owner.id);
  if (heir !== undefined) await members.handOver(tenantId, owner.id, heir);
  return heir !== undefined;
}
