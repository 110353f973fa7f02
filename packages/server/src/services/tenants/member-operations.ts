import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { Invitation, MyInvitation } from './invitation.ts';
import { Member } from './member.ts';
import { tenantRef } from './operations.ts';
import { Tenant } from './tenant.ts';

const email = Type.String({
  minLength: 3,
  maxLength: 255,
  pattern: '^[^@\\s]+@[^@\\s]+$',
  'x-form': 'an e-mail address such as ada@example.com',
  description: 'An e-mail address',
});
const role = Type.String({
  minLength: 1,
  maxLength: 100,
  description: "owner, admin, developer, viewer, user, or one of the tenant's own roles",
});
const memberRef = Type.String({ minLength: 1, maxLength: 255, description: "User's id or e-mail address" });
const invitationRef = Type.String({ minLength: 1, maxLength: 255, description: 'Id, or the invited e-mail address' });
const message = Type.Object({ message: Type.String() });
const Declined = Type.Object({ message: Type.String(), tenant_id: Type.String({ format: 'uuid' }) });
const inTenant = { tenant: 'tenant' } as const;
const tenant = { kind: 'tenant', param: 'tenant' } as const;
const member = [tenant, { kind: 'member', param: 'member' }] as const;
const invitation = [tenant, { kind: 'invitation', param: 'invitation' }] as const;
const closed = { additionalProperties: false } as const;
const memberColumns = ['id', 'email', 'name', 'role', 'joined_at'];
const invitationColumns = ['id', 'email', 'role', 'sent_at', 'expires_at'];

export const memberOperations = {
  list: operation({
    summary: "List a tenant's members",
    effect: 'list',
    http: { method: 'GET', path: '/tenants/:tenant/members' },
    input: Type.Object({ tenant: tenantRef, ...pageInput }, closed),
    output: Member,
    ...inTenant,
    target: tenant,
    permission: 'tenant:read',
    cli: { args: [], columns: memberColumns },
  }),
  get: operation({
    summary: 'Get a member',
    effect: 'read',
    http: { method: 'GET', path: '/tenants/:tenant/members/:member' },
    input: Type.Object({ tenant: tenantRef, member: memberRef }, closed),
    output: Member,
    ...inTenant,
    targets: member,
    answers: 'member',
    permission: 'tenant:read',
    cli: { args: ['member'], columns: memberColumns },
  }),
  add: operation({
    summary: 'Add a user to a tenant',
    description:
      'The user needs an account on the platform; invite others. You can grant only roles whose permissions you have.',
    effect: 'create',
    http: { method: 'POST', path: '/tenants/:tenant/members', status: 200 },
    input: Type.Object({ tenant: tenantRef, email, role }, closed),
    references: { role: 'role' },
    output: Type.Object({ message: Type.String(), ...Member.properties }),
    ...inTenant,
    target: tenant,
    uses: ['members'],
    permission: 'tenant:update',
    cli: { args: ['email'], columns: memberColumns },
  }),
  update: operation({
    summary: "Change a member's role",
    description: 'You need all permissions of both roles. The last owner stays an owner.',
    effect: 'update',
    http: { method: 'PATCH', path: '/tenants/:tenant/members/:member' },
    input: Type.Object({ tenant: tenantRef, member: memberRef, role }, closed),
    references: { role: 'role' },
    output: Member,
    ...inTenant,
    targets: member,
    answers: 'member',
    permission: 'tenant:update',
    cli: { args: ['member'], columns: memberColumns },
  }),
  remove: operation({
    summary: 'Remove a member',
    description:
      'Their keys to the tenant stop working immediately. What they created stays. The last owner cannot be removed.',
    effect: 'delete',
    http: { method: 'DELETE', path: '/tenants/:tenant/members/:member' },
    input: Type.Object({ tenant: tenantRef, member: memberRef }, closed),
    output: message,
    ...inTenant,
    targets: member,
    permission: 'tenant:update',
    cli: { args: ['member'] },
  }),
};

export const invitationOperations = {
  create: operation({
    summary: 'Invite somebody to a tenant',
    description:
      'Sends a mail that says how to accept. The invitation expires after seven days. You can grant only roles whose permissions you have.',
    effect: 'create',
    http: { method: 'POST', path: '/tenants/:tenant/invitations' },
    input: Type.Object({ tenant: tenantRef, email, role }, closed),
    references: { role: 'role' },
    output: Invitation,
    ...inTenant,
    target: tenant,
    creates: 'invitation',
    answers: 'invitation',
    uses: ['invitations'],
    permission: 'tenant:update',
    cli: { args: ['email'], columns: invitationColumns },
  }),
  list: operation({
    summary: "List a tenant's invitations",
    description: 'Lists those that nobody has answered yet.',
    effect: 'list',
    http: { method: 'GET', path: '/tenants/:tenant/invitations' },
    input: Type.Object({ tenant: tenantRef, ...pageInput }, closed),
    output: Invitation,
    ...inTenant,
    target: tenant,
    permission: 'tenant:read',
    cli: { args: [], columns: invitationColumns },
  }),
  resend: operation({
    summary: 'Send an invitation again',
    description: 'Sends a new mail, valid for seven days. The mail before becomes void.',
    effect: 'action',
    http: { method: 'POST', path: '/tenants/:tenant/invitations/:invitation/resend' },
    input: Type.Object({ tenant: tenantRef, invitation: invitationRef }, closed),
    output: Invitation,
    ...inTenant,
    targets: invitation,
    answers: 'invitation',
    permission: 'tenant:update',
    cli: { args: ['invitation'], columns: invitationColumns },
  }),
  revoke: operation({
    summary: 'Revoke an invitation',
    effect: 'delete',
    http: { method: 'DELETE', path: '/tenants/:tenant/invitations/:invitation' },
    input: Type.Object({ tenant: tenantRef, invitation: invitationRef }, closed),
    output: message,
    ...inTenant,
    targets: invitation,
    permission: 'tenant:update',
    cli: { args: ['invitation'] },
  }),
  mine: operation({
    summary: 'List your invitations',
    description:
      'Lists invitations to your e-mail address that you can answer without the token of the mail, which is needed if you registered after it was sent.',
    effect: 'list',
    scope: 'user',
    http: { method: 'GET', path: '/invitations' },
    input: Type.Object({ ...pageInput }, closed),
    output: MyInvitation,
    cli: { columns: ['id', 'tenant_name', 'role', 'invited_by', 'expires_at'] },
    console: 'custom',
  }),
  accept: answer('Accept an invitation', 'accept', Tenant),
  decline: answer('Decline an invitation', 'decline', Declined),
};

/** What the invited person does, with the token of the mail or signed in with the invited address. */
function answer<const V extends 'accept' | 'decline', const O extends typeof Tenant | typeof Declined>(
  summary: string,
  verb: V,
  output: O,
) {
  return operation({
    summary,
    description:
      'Needs the token of the mail, unless your account has the invited e-mail address since before the mail was sent.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: `/invitations/:id/${verb}` },
    input: Type.Object(
      {
        id: Type.String({ format: 'uuid', description: 'Id of the invitation' }),
        token: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Token of the mail' })),
      },
      closed,
    ),
    output,
    errors: ['NOT_FOUND', ...(verb === 'accept' ? ['QUOTA_EXCEEDED'] : [])],
    secrets: ['token'],
    cli: { args: ['id'] },
    console: 'custom',
  });
}
