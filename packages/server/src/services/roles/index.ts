import { CloudError } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import { presentRow } from '../../kernel/resource.ts';
import { searchList } from '../../kernel/search.ts';
import { type Kind, service } from '../../kernel/service.ts';
import { createPgMemberRepository, type MemberRow } from '../identity/index.ts';
import { roleIamActions } from './aws/iam.ts';
import { roleExamples } from './examples.ts';
import { createRoleHandlers, type RoleDeps } from './handlers.ts';
import { roleOperations } from './operations.ts';
import type { KnownPermission } from './permissions.ts';
import { createPgRoleRepository } from './role-repository.pg.ts';
import { presentRole, type RoleRow } from './role.ts';

export { giveRole, requireGrantable } from './grant.ts';
export { permissionsOf, requireKnown } from './permissions.ts';

const MOST_ROLES = 100;

const listRoles: NonNullable<Kind<RoleRow>['list']> = (sql, { tenantId }, page) =>
  createPgRoleRepository(sql).list(tenantId, page);

const role: Kind<RoleRow> = {
  noun: 'role',
  find: (sql, { tenantId, ref, lock }) =>
    createPgRoleRepository(sql).find(tenantId, ref, lock ? 'no key update' : undefined),
  id: (row) => row.id,
  name: (row) => row.name,
  version: (row) => row.version,
  present: presentRole,
  list: listRoles,
  search: searchList(
    { id: (row: RoleRow) => row.id },
    listRoles,
    ({ name, description }) => [name, description],
    // Each is read with its permissions.
    2 * MOST_ROLES,
  ),
  detail: ({ tenant_id }) => (tenant_id === null ? 'built in' : undefined),
};

/** A member with the role. Nobody is told whether somebody outside the tenant has an account. */
const binding: Kind<MemberRow> = {
  noun: 'member',
  async find(sql, { tenantId, ref, lock }) {
    const members = createPgMemberRepository(sql);
    // The row itself is not locked: locks are taken in one order, the tenant, roles, members.
    if (lock) await members.lockTenant(tenantId);
    const found = await members.find(tenantId, ref);
    if (found) return found;
    const invite = isUuid(ref) ? '<e-mail>' : ref;
    throw new CloudError(
      'NOT_FOUND',
      404,
      `'${ref}' is not a member of this tenant; to invite them, run: cloud invitations create ${invite} --role <role>`,
    );
  },
  id: (row) => row.id,
  name: (row) => row.email,
  present: ({ joined_at: createdAt, ...row }) =>
    presentRow({ ...row, created_at: createdAt }, ['id', 'tenant_id', 'email', 'name', 'role', 'created_at']),
  list: (sql, { tenantId }, page) => createPgMemberRepository(sql).list(tenantId, page),
};

/** What a role or a key can have. */
const permissionKind = (known: RoleDeps['permissions']): Kind<KnownPermission> => ({
  noun: 'permission',
  find: async (_sql, { ref }) => known().find(({ permission }) => permission === ref),
  id: ({ permission }) => permission,
  isId: (text) => /^[a-z_]{1,50}:[a-z_]{1,50}$/.test(text),
  present: ({ permission, operations }) => ({ permission, operations: [...operations] }),
  list: async (_sql, _whose, { after, limit }) =>
    known()
      .filter(({ permission }) => after === null || permission > after)
      .slice(0, limit + 1),
});

/** Roles of a tenant, and who has which. */
export const createRolesService = (deps: RoleDeps) =>
  service({
    name: 'roles',
    resource: 'role',
    title: 'Roles',
    operations: roleOperations,
    authority: true,
    console: {
      group: 'access',
      icon: 'shield-check',
      order: 3,
      summary: 'A role is a set of permissions. Each member of the tenant has one.',
      columns: ['name', 'built_in', 'description', 'permissions'],
      // Members and invitations name a role by its name.
      value: 'name',
    },
    handlers: createRoleHandlers(deps),
    kinds: { role, binding, permission: permissionKind(deps.permissions) },
    // Each is read with its permissions at every look-up of a key.
    quotas: { roles: { max: MOST_ROLES, noun: 'roles', free: 'Delete one' } },
    usage: async (sql, { tenantId }) => ({ roles: await createPgRoleRepository(sql).count(tenantId) }),
    aws: [roleIamActions],
    examples: roleExamples,
  });
