import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { RoleRow } from './role.ts';

/** Most permissions of a role. */
export const MOST_PERMISSIONS = 300;
/** Most members that are counted before a sentence says "at least". */
export const MOST_COUNTED = 1_000;

const OWN = `select r.id, r.tenant_id, r.name, r.description, r.version, r.created_at, r.updated_at,
    array(select p.permission::text from tenant_role_permissions p where p.role_id = r.id and p.tenant_id = r.tenant_id
          order by p.permission limit ${MOST_PERMISSIONS}) as permissions
  from tenant_roles r`;
const BUILT_IN = `select r.id, null::uuid as tenant_id, r.name, r.description, 1 as version, null::timestamptz as created_at,
    null::timestamptz as updated_at,
    array(select p.permission::text from role_permissions p where p.role_id = r.id order by p.permission limit ${MOST_PERMISSIONS}) as permissions
  from roles r where r.built_in`;

export type RoleLock = 'share' | 'no key update';

/** Roles, and who has which. Locks are taken in one order: the tenant, roles, members. */
export const createPgRoleRepository = (sql: Sql) => ({
  /** One of the tenant's roles or of the built-in ones, by id or name. Only the tenant's are locked: the others do not change. */
  async find(tenantId: string, ref: string, lock?: RoleLock): Promise<RoleRow | undefined> {
    const column = isUuid(ref) ? 'id' : 'name';
    const [own] = await sql.query<RoleRow>(
      `roles.find_by_${column}${lock ? `_for_${lock.replaceAll(' ', '_')}` : ''}`,
      `${OWN} where r.tenant_id = $1 and r.${column} = $2${lock ? ` for ${lock} of r` : ''}`,
      [tenantId, ref],
    );
    if (own) return own;
    const [builtIn] = await sql.query<RoleRow>(`roles.find_built_in_by_${column}`, `${BUILT_IN} and r.${column} = $1`, [
      ref,
    ]);
    return builtIn;
  },

  /** The tenant's, newest first, then the built-in ones. */
  async list(tenantId: string, page: PageRequest): Promise<readonly RoleRow[]> {
    const after = page.after ?? LAST_ID;
    const own = await sql.query<RoleRow>(
      'roles.list',
      `${OWN} where r.tenant_id = $1 and r.id < $2 order by r.id desc limit $3`,
      [tenantId, after, page.limit + 1],
    );
    const rest = page.limit + 1 - own.length;
    if (rest === 0) return own;
    const builtIn = await sql.query<RoleRow>(
      'roles.list_built_in',
      `${BUILT_IN} and r.id < $1 order by r.id desc limit $2`,
      [after, rest],
    );
    return [...own, ...builtIn];
  },

  /** The names of all that the tenant may use: to find the one that was meant. */
  async names(tenantId: string): Promise<readonly string[]> {
    const rows = await sql.query<{ name: string }>(
      'roles.names',
      `(select name from tenant_roles where tenant_id = $1 limit ${MOST_COUNTED}) union all select name from roles where built_in`,
      [tenantId],
    );
    return rows.map(({ name }) => name);
  },

  async count(tenantId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'roles.count',
      'select count(*)::int as count from tenant_roles where tenant_id = $1',
      [tenantId],
    );
    return row!.count;
  },

  /** False: the name is taken. */
  async insert(role: {
    readonly id: string;
    readonly tenantId: string;
    readonly name: string;
    readonly description: string | null;
    readonly at: Date;
  }): Promise<boolean> {
    const rows = await sql.query(
      'roles.insert',
      `insert into tenant_roles (id, tenant_id, name, description, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
       on conflict (tenant_id, name) do nothing returning 1 as ok`,
      [role.id, role.tenantId, role.name, role.description, role.at],
    );
    return rows.length > 0;
  },

  /** False: the name is another role's. */
  async rewrite(role: RoleRow, name: string, description: string | null, at: Date): Promise<boolean> {
    const rows = await sql.query(
      'roles.rewrite',
      `update tenant_roles r set name = $3, description = $4, version = version + 1, updated_at = $5
       where r.tenant_id = $1 and r.id = $2
         and not exists (select from tenant_roles o where o.tenant_id = $1 and o.name = $3 and o.id <> $2) returning 1 as ok`,
      [role.tenant_id, role.id, name, description, at],
    );
    return rows.length > 0;
  },

  async setPermissions(tenantId: string, roleId: string, permissions: readonly string[]): Promise<void> {
    await sql.query(
      'roles.remove_permissions',
      'delete from tenant_role_permissions where tenant_id = $1 and role_id = $2 and permission <> all ($3)',
      [tenantId, roleId, permissions],
    );
    await sql.query(
      'roles.add_permissions',
      `insert into tenant_role_permissions (tenant_id, role_id, permission) select $1, $2, unnest($3::text[])
       on conflict (role_id, permission) do nothing`,
      [tenantId, roleId, permissions],
    );
  },

  async remove(tenantId: string, roleId: string): Promise<void> {
    await sql.query('roles.remove', 'delete from tenant_roles where tenant_id = $1 and id = $2', [tenantId, roleId]);
  },

  /** How many members have the role, at most a thousand. */
  async countMembers(tenantId: string, name: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'roles.count_members',
      `select count(*)::int as count from (
         select from memberships where tenant_id = $1 and role = $2 limit ${MOST_COUNTED}) as bound`,
      [tenantId, name],
    );
    return row!.count;
  },

  /** Gives everybody who has one role another. */
  async moveMembers(tenantId: string, from: string, to: string): Promise<void> {
    await sql.query('roles.move_members', 'update memberships set role = $3 where tenant_id = $1 and role = $2', [
      tenantId,
      from,
      to,
    ]);
  },

  /** Open invitations with one role are with another from now on. */
  async moveInvitations(tenantId: string, from: string, to: string): Promise<void> {
    await sql.query('roles.move_invitations', 'update invitations set role = $3 where tenant_id = $1 and role = $2', [
      tenantId,
      from,
      to,
    ]);
  },

  /** Ends open invitations with a role, so that they do not stand for one of the same name that is made later. */
  async expireInvitations(tenantId: string, role: string, at: Date): Promise<void> {
    await sql.query(
      'roles.expire_invitations',
      'update invitations set expires_at = least(expires_at, $3) where tenant_id = $1 and role = $2',
      [tenantId, role, at],
    );
  },
});
