// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import type { Invitation, MyInvitation, Tenant } from './models.ts';

export interface InvitationsCreateInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** An e-mail address */
  readonly email: string;
  /** owner, admin, developer, viewer, user, or one of the tenant's own roles */
  readonly role: string;
}

export interface InvitationsListInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface InvitationsResendInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** Id, or the invited e-mail address */
  readonly invitation: string;
}

export interface InvitationsRevokeInput {
  /** Id or slug of the tenant; `current` is the active one */
  readonly tenant: string;
  /** Id, or the invited e-mail address */
  readonly invitation: string;
}

export interface InvitationsRevokeOutput {
  readonly message: string;
}

export interface InvitationsMineInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface InvitationsAcceptInput {
  /** Id of the invitation */
  readonly id: string;
  /** Token of the mail */
  readonly token?: string | undefined;
}

export interface InvitationsDeclineInput {
  /** Id of the invitation */
  readonly id: string;
  /** Token of the mail */
  readonly token?: string | undefined;
}

export interface InvitationsDeclineOutput {
  readonly message: string;
  readonly tenant_id: string;
}

export interface Invitations {
  /**
   * Invite somebody to a tenant.
   * Sends a mail that says how to accept. The invitation expires after seven days. You can grant only roles whose permissions you have.
   * POST /tenants/:tenant/invitations · permission tenant:update
   */
  create(input: InvitationsCreateInput, options?: CallOptions & KeyOption & VersionOption): Promise<Invitation>;
  /**
   * List a tenant's invitations.
   * Lists those that nobody has answered yet.
   * GET /tenants/:tenant/invitations · permission tenant:read
   */
  list(input: InvitationsListInput | string, options?: CallOptions): Promise<Page<Invitation>>;
  /** All of them, page by page as they are asked for. */
  listAll(input: InvitationsListInput | string, options?: CallOptions): AsyncGenerator<Invitation, void, undefined>;
  /**
   * Send an invitation again.
   * Sends a new mail, valid for seven days. The mail before becomes void.
   * POST /tenants/:tenant/invitations/:invitation/resend · permission tenant:update
   */
  resend(input: InvitationsResendInput, options?: CallOptions & KeyOption & VersionOption): Promise<Invitation>;
  /**
   * Revoke an invitation.
   * DELETE /tenants/:tenant/invitations/:invitation · permission tenant:update
   */
  revoke(input: InvitationsRevokeInput, options?: CallOptions & KeyOption & VersionOption): Promise<InvitationsRevokeOutput>;
  /**
   * List your invitations.
   * Lists invitations to your e-mail address that you can answer without the token of the mail, which is needed if you registered after it was sent.
   * GET /invitations · scope user
   */
  mine(input?: InvitationsMineInput, options?: CallOptions): Promise<Page<MyInvitation>>;
  /** All of them, page by page as they are asked for. */
  mineAll(input?: InvitationsMineInput, options?: CallOptions): AsyncGenerator<MyInvitation, void, undefined>;
  /**
   * Accept an invitation.
   * Needs the token of the mail, unless your account has the invited e-mail address since before the mail was sent.
   * POST /invitations/:id/accept · scope user · errors NOT_FOUND, QUOTA_EXCEEDED
   */
  accept(input: InvitationsAcceptInput | string, options?: CallOptions): Promise<Tenant>;
  /**
   * Decline an invitation.
   * Needs the token of the mail, unless your account has the invited e-mail address since before the mail was sent.
   * POST /invitations/:id/decline · scope user · errors NOT_FOUND
   */
  decline(input: InvitationsDeclineInput | string, options?: CallOptions): Promise<InvitationsDeclineOutput>;
}

const SPECS = {
  create: {"name":"invitations.create","method":"POST","path":"/tenants/:tenant/invitations","idempotent":true},
  list: {"name":"invitations.list","method":"GET","path":"/tenants/:tenant/invitations"},
  resend: {"name":"invitations.resend","method":"POST","path":"/tenants/:tenant/invitations/:invitation/resend","idempotent":true},
  revoke: {"name":"invitations.revoke","method":"DELETE","path":"/tenants/:tenant/invitations/:invitation","idempotent":true},
  mine: {"name":"invitations.mine","method":"GET","path":"/invitations"},
  accept: {"name":"invitations.accept","method":"POST","path":"/invitations/:id/accept"},
  decline: {"name":"invitations.decline","method":"POST","path":"/invitations/:id/decline"},
} as const;

export function createInvitations(transport: Transport): Invitations {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, typeof input === 'string' ? { tenant: input } : { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, typeof input === 'string' ? { tenant: input } : { ...input }, options),
    resend: (input, options) => transport.call(SPECS.resend, { ...input }, options),
    revoke: (input, options) => transport.call(SPECS.revoke, { ...input }, options),
    mine: (input, options) => transport.page(SPECS.mine, { ...input }, options),
    mineAll: (input, options) => listAll(transport, SPECS.mine, { ...input }, options),
    accept: (input, options) => transport.call(SPECS.accept, typeof input === 'string' ? { id: input } : { ...input }, options),
    decline: (input, options) => transport.call(SPECS.decline, typeof input === 'string' ? { id: input } : { ...input }, options),
  };
}
