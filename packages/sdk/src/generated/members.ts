// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import type { Member } from './models.ts';

export interface MembersListInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface MembersGetInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** User's id or e-mail address */
  readonly member: string;
}

export interface MembersAddInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** An e-mail address */
  readonly email: string;
  /** owner, admin, developer, viewer, user, or one of the tenant's own roles */
  readonly role: string;
}

export interface MembersAddOutput {
  readonly message: string;
  /** The user's id */
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly joined_at: string;
}

export interface MembersUpdateInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** User's id or e-mail address */
  readonly member: string;
  /** owner, admin, developer, viewer, user, or one of the tenant's own roles */
  readonly role: string;
}

export interface MembersRemoveInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** User's id or e-mail address */
  readonly member: string;
}

export interface MembersRemoveOutput {
  readonly message: string;
}

export interface Members {
  /**
   * List a tenant's members.
   * GET /tenants/:tenant/members · permission tenant:read
   */
  list(input: MembersListInput | string, options?: CallOptions): Promise<Page<Member>>;
  /** All of them, page by page as they are asked for. */
  listAll(input: MembersListInput | string, options?: CallOptions): AsyncGenerator<Member, void, undefined>;
  /**
   * Get a member.
   * GET /tenants/:tenant/members/:member · permission tenant:read
   */
  get(input: MembersGetInput, options?: CallOptions): Promise<Member>;
  /**
   * Add a user to a tenant.
   * The user needs an account on the platform; invite others. You can grant only roles whose permissions you have.
   * POST /tenants/:tenant/members · permission tenant:update
   */
  add(input: MembersAddInput, options?: CallOptions & VersionOption): Promise<MembersAddOutput>;
  /**
   * Change a member's role.
   * You need all permissions of both roles. The last owner stays an owner.
   * PATCH /tenants/:tenant/members/:member · permission tenant:update
   */
  update(input: MembersUpdateInput, options?: CallOptions & KeyOption & VersionOption): Promise<Member>;
  /**
   * Remove a member.
   * Their keys to the tenant stop working immediately. What they created stays. The last owner cannot be removed.
   * DELETE /tenants/:tenant/members/:member · permission tenant:update
   */
  remove(input: MembersRemoveInput, options?: CallOptions & KeyOption & VersionOption): Promise<MembersRemoveOutput>;
}

const SPECS = {
  list: {"name":"members.list","method":"GET","path":"/tenants/:tenant/members"},
  get: {"name":"members.get","method":"GET","path":"/tenants/:tenant/members/:member"},
  add: {"name":"members.add","method":"POST","path":"/tenants/:tenant/members"},
  update: {"name":"members.update","method":"PATCH","path":"/tenants/:tenant/members/:member","idempotent":true},
  remove: {"name":"members.remove","method":"DELETE","path":"/tenants/:tenant/members/:member","idempotent":true},
} as const;

export function createMembers(transport: Transport): Members {
  return {
    list: (input, options) => transport.page(SPECS.list, typeof input === 'string' ? { tenant: input } : { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, typeof input === 'string' ? { tenant: input } : { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, { ...input }, options),
    add: (input, options) => transport.call(SPECS.add, { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, { ...input }, options),
    remove: (input, options) => transport.call(SPECS.remove, { ...input }, options),
  };
}
