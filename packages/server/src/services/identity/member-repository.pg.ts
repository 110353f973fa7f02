import { conflict } from '../../kernel/errors.ts';
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
  async find(tenantId: string, ref: string): Promise<MemberRow | undefined> {
    const byId = isUuid(ref);
    const [row] = await sql.query<MemberRow>(
      `members.find_by_${byId ? 'id' : 'email'}`,
      `select ${COLUMNS} from memberships m join users u on u.id = m.user_id
       where m.tenant_id = $1 and m.user_id = ${byId ? '$2' : '(select find_user_id($2))'}`,
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

  /** False: the member has another role by now, or has left. */
  async setRole(member: MemberRow, role: string): Promise<boolean> {
    const rows = await sql.query(
      'members.set_role',
      'update memberships set role = $4 where tenant_id = $1 and user_id = $2 and role = $3 returning 1 as ok',
      [member.tenant_id, member.id, member.role, role],
    );
    return rows.length > 0;
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
 * Before a member leaves or gets another role: makes another owner the tenant's `owner_id` where it was this one. Throws CONFLICT for the last
 * owner. The caller holds the tenant's row, so that two last owners cannot go at once.
 */
export async function keepAnOwner(sql: Sql, tenantId: string, member: Pick<MemberRow, 'id' | 'role'>): Promise<void> {
  if (member.role !== 'owner') return;
  const members = createPgMemberRepository(sql);
  const heir = await members.otherOwner(tenantId, member.id);
  if (heir === undefined)
    throw conflict(
      'a tenant needs an owner, and this is the last one; make another member an owner first, or close the tenant',
    );
  await members.handOver(tenantId, member.id, heir);
}
