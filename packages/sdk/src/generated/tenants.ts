// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { Tenant } from './models.ts';

export interface TenantsCreateInput {
  readonly name: string;
  /** Unique on the platform. Capitals become small letters, blanks and other characters hyphens */
  readonly slug?: string | undefined;
}

export interface TenantsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface TenantsGetInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly id: string;
}

export interface TenantsUpdateInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly id: string;
  readonly name?: string | undefined;
  /** Unique on the platform. Capitals become small letters, blanks and other characters hyphens */
  readonly slug?: string | undefined;
  /** Whether members need a second factor to act in the tenant */
  readonly require_second_factor?: boolean | undefined;
}

export interface TenantsSwitchInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly id: string;
}

export interface TenantsSwitchOutput {
  readonly message: string;
}

export interface TenantsLeaveInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly id: string;
}

export interface TenantsLeaveOutput {
  readonly message: string;
}

export interface TenantsCloseInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly id: string;
  /** The name of the tenant, as a confirmation */
  readonly confirm: string;
}

export interface TenantsCloseOutput {
  readonly message: string;
}

export interface Tenants {
  /**
   * Create a tenant.
   * You become its owner. Without a slug, the slug is made from the name. A user can own at most 20 tenants. To act in the tenant, switch to it.
   * POST /tenants · scope user · errors QUOTA_EXCEEDED
   */
  create(input: TenantsCreateInput, options?: CallOptions): Promise<Tenant>;
  /**
   * List your tenants.
   * Lists the tenants of which you are a member, with your role, and why one is suspended.
   * GET /tenants · scope user
   */
  list(input?: TenantsListInput, options?: CallOptions): Promise<Page<Tenant>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: TenantsListInput, options?: CallOptions): AsyncGenerator<Tenant, void, undefined>;
  /**
   * Get a tenant.
   * GET /tenants/:id · permission tenant:read
   */
  get(input: TenantsGetInput | string, options?: CallOptions): Promise<Tenant>;
  /**
   * Change a tenant.
   * Changes its name, its slug, or whether its members need a second factor, which only an owner decides.
   * PATCH /tenants/:id · permission tenant:update
   */
  update(input: TenantsUpdateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Tenant>;
  /**
   * Switch to a tenant.
   * Makes it your default tenant. A session then acts in it. An API key keeps the tenant that it was created in; to act elsewhere for one call, send X-Tenant-ID with a session or a key of all tenants.
   * POST /tenants/:id/switch · scope user
   */
  switch(input: TenantsSwitchInput | string, options?: CallOptions & VersionOption): Promise<TenantsSwitchOutput>;
  /**
   * Leave a tenant.
   * Your keys to the tenant stop working immediately. The last owner cannot leave.
   * POST /tenants/:id/leave · scope user
   */
  leave(input: TenantsLeaveInput | string, options?: CallOptions & VersionOption): Promise<TenantsLeaveOutput>;
  /**
   * Close a tenant.
   * Ends all memberships, invitations and keys, and frees the slug. Refused while the tenant contains resources. It cannot be reopened; its audit trail stays.
   * POST /tenants/:id/close · permission tenant:delete
   */
  close(input: TenantsCloseInput, options?: CallOptions & VersionOption): Promise<TenantsCloseOutput>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Tenant) => boolean, options?: WaitUntilOptions<Tenant>): Promise<Tenant>;
}

const SPECS = {
  create: {"name":"tenants.create","method":"POST","path":"/tenants"},
  list: {"name":"tenants.list","method":"GET","path":"/tenants"},
  get: {"name":"tenants.get","method":"GET","path":"/tenants/:id"},
  update: {"name":"tenants.update","method":"PATCH","path":"/tenants/:id","idempotent":true},
  switch: {"name":"tenants.switch","method":"POST","path":"/tenants/:id/switch"},
  leave: {"name":"tenants.leave","method":"POST","path":"/tenants/:id/leave"},
  close: {"name":"tenants.close","method":"POST","path":"/tenants/:id/close"},
} as const;

export function createTenants(transport: Transport): Tenants {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    switch: (input, options) => transport.call(SPECS.switch, typeof input === 'string' ? { id: input } : { ...input }, options),
    leave: (input, options) => transport.call(SPECS.leave, typeof input === 'string' ? { id: input } : { ...input }, options),
    close: (input, options) => transport.call(SPECS.close, { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Tenant>(transport, SPECS.get, id, isDone, options),
  };
}
