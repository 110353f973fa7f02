// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { Binding, Permission, Role } from './models.ts';

export interface RolesCreateInput {
  /** Unique in the tenant */
  readonly name: string;
  readonly description?: string | undefined;
  /** Such as instance:read. *: all */
  readonly permissions?: readonly string[] | undefined;
}

export interface RolesListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface RolesGetInput {
  /** Id or name */
  readonly id: string;
}

export interface RolesUpdateInput {
  /** Id or name */
  readonly id: string;
  /** Unique in the tenant */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Such as instance:read. *: all */
  readonly permissions?: readonly string[] | undefined;
}

export interface RolesDeleteInput {
  /** Id or name */
  readonly id: string;
  /** Make its members viewers */
  readonly force?: boolean | undefined;
}

export interface RolesAddPermissionInput {
  /** Id or name */
  readonly id: string;
  /** Such as instance:read. *: all */
  readonly permission: string;
}

export interface RolesRemovePermissionInput {
  /** Id or name */
  readonly id: string;
  /** Such as instance:read. *: all */
  readonly permission: string;
}

export interface RolesPermissionsInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface RolesBindInput {
  /** Id or e-mail address of a member */
  readonly user_identifier: string;
  /** A built-in role or one of the tenant */
  readonly role_name: string;
}

export interface RolesBindingsInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface Roles {
  /**
   * Create a role.
   * A role has any of the permissions that you have yourself. A member has one role. GET /rbac/permissions lists all permissions.
   * POST /rbac/roles · permission role:create
   */
  create(input: RolesCreateInput, options?: CallOptions & KeyOption): Promise<Role>;
  /**
   * List roles.
   * GET /rbac/roles · permission role:read
   */
  list(input?: RolesListInput, options?: CallOptions): Promise<Page<Role>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: RolesListInput, options?: CallOptions): AsyncGenerator<Role, void, undefined>;
  /**
   * Get a role.
   * GET /rbac/roles/:id · permission role:read
   */
  get(input: RolesGetInput | string, options?: CallOptions): Promise<Role>;
  /**
   * Change a role.
   * permissions replaces all that the role has; what is not given stays as it is. Takes effect within a second for everybody who has the role or is invited with it. Built-in roles cannot be changed, nor can a role with permissions that you do not have.
   * PUT /rbac/roles/:id · permission role:update
   */
  update(input: RolesUpdateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Role>;
  /**
   * Delete a role.
   * A role that members have is refused, unless you set force: then they become viewers. Open invitations with the role expire. You need all permissions that the role has.
   * DELETE /rbac/roles/:id · permission role:delete
   */
  delete(input: RolesDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<void>;
  /**
   * Add a permission to a role.
   * POST /rbac/roles/:id/permissions · permission role:update
   */
  addPermission(input: RolesAddPermissionInput, options?: CallOptions & VersionOption): Promise<void>;
  /**
   * Remove a permission from a role.
   * DELETE /rbac/roles/:id/permissions/:permission · permission role:update
   */
  removePermission(input: RolesRemovePermissionInput, options?: CallOptions & VersionOption): Promise<void>;
  /**
   * List permissions.
   * All permissions that a role or a key can have, with the operations that need each. Some are for services that this platform does not have yet.
   * GET /rbac/permissions · scope user
   */
  permissions(input?: RolesPermissionsInput, options?: CallOptions): Promise<Page<Permission>>;
  /** All of them, page by page as they are asked for. */
  permissionsAll(input?: RolesPermissionsInput, options?: CallOptions): AsyncGenerator<Permission, void, undefined>;
  /**
   * Give a member a role.
   * Replaces the role that the member has, within a second. You need all permissions of both roles, so only an owner makes and unmakes owners. A tenant keeps at least one owner. To give a role to somebody outside the tenant, invite them with it.
   * POST /rbac/bindings · permission role:bind
   */
  bind(input: RolesBindInput, options?: CallOptions & VersionOption): Promise<void>;
  /**
   * List members with their roles.
   * GET /rbac/bindings · permission role:read
   */
  bindings(input?: RolesBindingsInput, options?: CallOptions): Promise<Page<Binding>>;
  /** All of them, page by page as they are asked for. */
  bindingsAll(input?: RolesBindingsInput, options?: CallOptions): AsyncGenerator<Binding, void, undefined>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Role) => boolean, options?: WaitUntilOptions<Role>): Promise<Role>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<Role>): Promise<void>;
}

const SPECS = {
  create: {"name":"roles.create","method":"POST","path":"/rbac/roles","idempotent":true},
  list: {"name":"roles.list","method":"GET","path":"/rbac/roles"},
  get: {"name":"roles.get","method":"GET","path":"/rbac/roles/:id"},
  update: {"name":"roles.update","method":"PUT","path":"/rbac/roles/:id","idempotent":true},
  delete: {"name":"roles.delete","method":"DELETE","path":"/rbac/roles/:id","idempotent":true},
  addPermission: {"name":"roles.addPermission","method":"POST","path":"/rbac/roles/:id/permissions"},
  removePermission: {"name":"roles.removePermission","method":"DELETE","path":"/rbac/roles/:id/permissions/:permission"},
  permissions: {"name":"roles.permissions","method":"GET","path":"/rbac/permissions"},
  bind: {"name":"roles.bind","method":"POST","path":"/rbac/bindings"},
  bindings: {"name":"roles.bindings","method":"GET","path":"/rbac/bindings"},
} as const;

export function createRoles(transport: Transport): Roles {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    addPermission: (input, options) => transport.call(SPECS.addPermission, { ...input }, options),
    removePermission: (input, options) => transport.call(SPECS.removePermission, { ...input }, options),
    permissions: (input, options) => transport.page(SPECS.permissions, { ...input }, options),
    permissionsAll: (input, options) => listAll(transport, SPECS.permissions, { ...input }, options),
    bind: (input, options) => transport.call(SPECS.bind, { ...input }, options),
    bindings: (input, options) => transport.page(SPECS.bindings, { ...input }, options),
    bindingsAll: (input, options) => listAll(transport, SPECS.bindings, { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Role>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<Role>(transport, SPECS.get, id, options),
  };
}
