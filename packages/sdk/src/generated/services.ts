// Generated from the registry of operations by `npm run gen`.

import type { Transport } from '../call.ts';
import { createAuth, type Auth } from './auth.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSecondFactor, type SecondFactor } from './second-factor.ts';
import { createKeys, type Keys } from './keys.ts';
import { createMemberKeys, type MemberKeys } from './member-keys.ts';
import { createRoles, type Roles } from './roles.ts';
import { createTenants, type Tenants } from './tenants.ts';
import { createMembers, type Members } from './members.ts';
import { createInvitations, type Invitations } from './invitations.ts';
import { createAdminMails, type AdminMails } from './admin-mails.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { createVpcs, type Vpcs } from './vpcs.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import { createInstanceTypes, type InstanceTypes } from './instance-types.ts';
import { createInstances, type Instances } from './instances.ts';
import { createQueues, type Queues } from './queues.ts';
import { createTopics, type Topics } from './topics.ts';
import { createCron, type Cron } from './cron.ts';
import { createQuotas, type Quotas } from './quotas.ts';
import { createAdminUsers, type AdminUsers } from './admin-users.ts';
import { createAdminTenants, type AdminTenants } from './admin-tenants.ts';
import { createAdminSessions, type AdminSessions } from './admin-sessions.ts';
import { createSettings, type Settings } from './settings.ts';
import { createAdminMasterKeys, type AdminMasterKeys } from './admin-master-keys.ts';
import { createStatus, type Status } from './status.ts';
import { createSearch, type Search } from './search.ts';
import { createEvents, type Events } from './events.ts';
import { createWork, type Work } from './work.ts';
import { createAudit, type Audit } from './audit.ts';
import { createAdminAudit, type AdminAudit } from './admin-audit.ts';

export type * from './models.ts';
export type * from './auth.ts';
export type * from './sessions.ts';
export type * from './second-factor.ts';
export type * from './keys.ts';
export type * from './member-keys.ts';
export type * from './roles.ts';
export type * from './tenants.ts';
export type * from './members.ts';
export type * from './invitations.ts';
export type * from './admin-mails.ts';
export type * from './hosts.ts';
export type * from './vpcs.ts';
export type * from './secrets.ts';
export type * from './instance-types.ts';
export type * from './instances.ts';
export type * from './queues.ts';
export type * from './topics.ts';
export type * from './cron.ts';
export type * from './quotas.ts';
export type * from './admin-users.ts';
export type * from './admin-tenants.ts';
export type * from './admin-sessions.ts';
export type * from './settings.ts';
export type * from './admin-master-keys.ts';
export type * from './status.ts';
export type * from './search.ts';
export type * from './events.ts';
export type * from './work.ts';
export type * from './audit.ts';
export type * from './admin-audit.ts';

export interface Services {
  readonly auth: Auth;
  readonly sessions: Sessions;
  readonly secondFactor: SecondFactor;
  readonly keys: Keys;
  readonly memberKeys: MemberKeys;
  readonly roles: Roles;
  readonly tenants: Tenants;
  readonly members: Members;
  readonly invitations: Invitations;
  readonly adminMails: AdminMails;
  readonly hosts: Hosts;
  readonly vpcs: Vpcs;
  readonly secrets: Secrets;
  readonly instanceTypes: InstanceTypes;
  readonly instances: Instances;
  readonly queues: Queues;
  readonly topics: Topics;
  readonly cron: Cron;
  readonly quotas: Quotas;
  readonly adminUsers: AdminUsers;
  readonly adminTenants: AdminTenants;
  readonly adminSessions: AdminSessions;
  readonly settings: Settings;
  readonly adminMasterKeys: AdminMasterKeys;
  readonly status: Status;
  readonly search: Search;
  readonly events: Events;
  readonly work: Work;
  readonly audit: Audit;
  readonly adminAudit: AdminAudit;
}

export function createServices(transport: Transport): Services {
  return {
    auth: createAuth(transport),
    sessions: createSessions(transport),
    secondFactor: createSecondFactor(transport),
    keys: createKeys(transport),
    memberKeys: createMemberKeys(transport),
    roles: createRoles(transport),
    tenants: createTenants(transport),
    members: createMembers(transport),
    invitations: createInvitations(transport),
    adminMails: createAdminMails(transport),
    hosts: createHosts(transport),
    vpcs: createVpcs(transport),
    secrets: createSecrets(transport),
    instanceTypes: createInstanceTypes(transport),
    instances: createInstances(transport),
    queues: createQueues(transport),
    topics: createTopics(transport),
    cron: createCron(transport),
    quotas: createQuotas(transport),
    adminUsers: createAdminUsers(transport),
    adminTenants: createAdminTenants(transport),
    adminSessions: createAdminSessions(transport),
    settings: createSettings(transport),
    adminMasterKeys: createAdminMasterKeys(transport),
    status: createStatus(transport),
    search: createSearch(transport),
    events: createEvents(transport),
    work: createWork(transport),
    audit: createAudit(transport),
    adminAudit: createAdminAudit(transport),
  };
}
