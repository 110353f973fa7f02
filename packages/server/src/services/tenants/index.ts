import { service } from '../../kernel/service.ts';
import { memberIamActions, tenantIamActions } from './aws/iam.ts';
import { invitationExamples, memberExamples, tenantExamples } from './examples.ts';
import { createTenantHandlers, type TenantDeps } from './handlers.ts';
import { invitationKind } from './invitation.ts';
import { createInvitationHandlers, type InvitationDeps, MOST_MEMBERS } from './invitation-handlers.ts';
import { createPgInvitationRepository } from './invitation-repository.pg.ts';
import { memberKind } from './member.ts';
import { createMemberHandlers } from './member-handlers.ts';
import { invitationOperations, memberOperations } from './member-operations.ts';
import { createPgMemberRepository } from '../identity/index.ts';
import { tenantOperations } from './operations.ts';
import { tenantKind } from './tenant.ts';

/** Tenants: what a team shares. */
export const createTenantsService = (deps: TenantDeps) =>
  service({
    name: 'tenants',
    resource: 'tenant',
    title: 'Tenants',
    operations: tenantOperations,
    authority: true,
    console: {
      group: 'account',
      icon: 'building-2',
      order: 3,
      summary: 'A tenant holds what a team shares: its resources, members, roles and quotas.',
      columns: ['name', 'slug', 'role', 'status', 'created_at'],
    },
    handlers: createTenantHandlers(deps),
    kinds: { tenant: tenantKind },
    aws: [tenantIamActions],
    examples: tenantExamples,
  });

/** The members of a tenant. */
export const createMembersService = (deps: Pick<TenantDeps, 'forgetCallers'>) =>
  service({
    name: 'members',
    resource: 'member',
    title: 'Members of a tenant',
    operations: memberOperations,
    authority: true,
    console: {
      group: 'access',
      heading: 'Members',
      icon: 'users-round',
      order: 1,
      summary: 'A member is a user who may act in this tenant, as far as their role permits.',
      title: 'email',
      columns: ['email', 'name', 'role', 'joined_at'],
      references: { role: 'role' },
    },
    handlers: createMemberHandlers(deps),
    kinds: { member: memberKind },
    quotas: { members: { max: MOST_MEMBERS, noun: 'members', free: 'Remove a member' } },
    usage: async (sql, { tenantId }) => ({ members: await createPgMemberRepository(sql).count(tenantId) }),
    aws: [memberIamActions],
    examples: memberExamples,
  });

/** Invitations to a tenant. */
export const createInvitationsService = (deps: InvitationDeps) =>
  service({
    name: 'invitations',
    resource: 'invitation',
    title: 'Invitations to a tenant',
    operations: invitationOperations,
    authority: true,
    console: {
      group: 'access',
      heading: 'Invitations',
      icon: 'mail-plus',
      order: 2,
      summary: 'An invitation asks somebody by mail to join this tenant. It expires after seven days.',
      title: 'email',
      columns: ['email', 'role', 'invited_by', 'sent_at', 'expires_at'],
      references: { role: 'role', invited_by: 'member' },
    },
    handlers: createInvitationHandlers(deps),
    kinds: { invitation: invitationKind },
    quotas: { invitations: { max: 50, noun: 'invitations', free: 'Revoke an invitation' } },
    usage: async (sql, { tenantId }) => ({ invitations: await createPgInvitationRepository(sql).count(tenantId) }),
    // An expired one can still be sent again for a while.
    retention: [{ table: 'invitations', key: 'id', over: `expires_at < now() - interval '30 days'` }],
    examples: invitationExamples,
  });
