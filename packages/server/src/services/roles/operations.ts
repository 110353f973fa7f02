import Type from 'typebox';
import { byRef, deleteOperation, getOperation, listOperation, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { Binding, Role } from './role.ts';
import { MOST_PERMISSIONS } from './role-repository.pg.ts';

const role = { kind: 'role', title: 'a role', path: '/rbac/roles', output: Role } as const;
const name = Type.String({
  // Cannot look like an id: a reference in that form is looked up as one.
  pattern: '^(?![0-9a-fA-F]{8}-)[A-Za-z][A-Za-z0-9_-]{0,62}$',
  'x-form': 'up to 63 letters, digits, - and _, beginning with a letter, and unlike an id',
  description: 'Unique in the tenant',
});
const description = Type.String({ maxLength: 500 });
const permission = Type.String({ minLength: 1, maxLength: 100, description: 'Such as instance:read. *: all' });
const permissions = Type.Array(permission, {
  maxItems: MOST_PERMISSIONS,
  uniqueItems: true,
  description: 'Such as instance:read. *: all',
});
/** Room for the longest list of permissions, in bytes. */
const bodyLimit = 16 << 10;
const flags = { permissions: 'permission' };

export const KnownPermission = Type.Object(
  {
    permission: Type.String(),
    operations: Type.Array(Type.String(), {
      description: 'Operations that need it; none: it is for a service that this platform does not have yet',
    }),
  },
  { $id: 'Permission' },
);

export const roleOperations = {
  create: operation({
    summary: 'Create a role',
    description:
      'A role has any of the permissions that you have yourself. A member has one role. GET /rbac/permissions lists all permissions.',
    effect: 'create',
    http: { method: 'POST', path: '/rbac/roles' },
    input: Type.Object(
      { name, description: Type.Optional(description), permissions: Type.Optional(permissions) },
      { additionalProperties: false },
    ),
    output: Role,
    creates: 'role',
    answers: 'role',
    uses: ['roles'],
    references: { permissions: 'permission' },
    bodyLimit,
    cli: {
      args: ['name'],
      flags,
      description:
        'A role has any of the permissions that you have yourself. A member has one role. cloud roles permissions lists all permissions.',
    },
  }),
  list: listOperation({ ...role, title: 'roles' }, ['name', 'built_in', 'description', 'id']),
  get: getOperation(role),
  update: operation({
    summary: 'Change a role',
    description:
      'permissions replaces all that the role has; what is not given stays as it is. Takes effect within a second for everybody who has the role or is invited with it. Built-in roles cannot be changed, nor can a role with permissions that you do not have.',
    effect: 'update',
    http: { method: 'PUT', path: '/rbac/roles/:id' },
    input: Type.Object(
      {
        id: ref,
        name: Type.Optional(name),
        description: Type.Optional(description),
        permissions: Type.Optional(permissions),
      },
      { additionalProperties: false },
    ),
    output: Role,
    target: { kind: 'role', param: 'id' },
    answers: 'role',
    references: { permissions: 'permission' },
    bodyLimit,
    cli: { args: ['id'], flags },
  }),
  delete: deleteOperation(role, {
    description:
      'A role that members have is refused, unless you set force: then they become viewers. Open invitations with the role expire. You need all permissions that the role has.',
    http: { method: 'DELETE', path: '/rbac/roles/:id', status: 204 },
    input: Type.Object(
      { ...byRef.properties, force: Type.Optional(Type.Boolean({ description: 'Make its members viewers' })) },
      { additionalProperties: false },
    ),
    output: Type.Object({}),
  }),
  addPermission: operation({
    summary: 'Add a permission to a role',
    effect: 'update',
    http: { method: 'POST', path: '/rbac/roles/:id/permissions', status: 204 },
    input: Type.Object({ id: ref, permission }, { additionalProperties: false }),
    output: Type.Object({}),
    target: { kind: 'role', param: 'id' },
    cli: { args: ['id', 'permission'] },
    console: 'custom',
  }),
  removePermission: operation({
    summary: 'Remove a permission from a role',
    effect: 'update',
    http: { method: 'DELETE', path: '/rbac/roles/:id/permissions/:permission', status: 204 },
    input: Type.Object({ id: ref, permission }, { additionalProperties: false }),
    output: Type.Object({}),
    target: { kind: 'role', param: 'id' },
    cli: { args: ['id', 'permission'] },
    console: 'custom',
  }),
  permissions: operation({
    summary: 'List permissions',
    description:
      'All permissions that a role or a key can have, with the operations that need each. Some are for services that this platform does not have yet.',
    effect: 'list',
    scope: 'user',
    http: { method: 'GET', path: '/rbac/permissions' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: KnownPermission,
    answers: 'permission',
    cli: { columns: ['permission', 'operations'] },
    console: 'custom',
  }),
  bind: operation({
    summary: 'Give a member a role',
    description:
      'Replaces the role that the member has, within a second. You need all permissions of both roles, so only an owner makes and unmakes owners. A tenant keeps at least one owner. To give a role to somebody outside the tenant, invite them with it.',
    effect: 'action',
    http: { method: 'POST', path: '/rbac/bindings', status: 204 },
    input: Type.Object(
      {
        user_identifier: Type.String({ minLength: 1, maxLength: 255, description: 'Id or e-mail address of a member' }),
        role_name: Type.String({ minLength: 1, maxLength: 100, description: 'A built-in role or one of the tenant' }),
      },
      { additionalProperties: false },
    ),
    output: Type.Object({}),
    target: { kind: 'binding', param: 'user_identifier' },
    references: { role_name: 'role' },
    permission: 'role:bind',
    cli: { args: ['user_identifier', 'role_name'] },
    console: 'custom',
  }),
  bindings: listOperation(
    { kind: 'binding', title: 'members with their roles', path: '/rbac/bindings', output: Binding },
    ['email', 'name', 'role', 'created_at'],
    { console: 'custom' },
  ),
};
