import type { AwsActions, AwsExample } from '../../../kernel/aws-actions.ts';
import { insertMember } from '../examples.ts';
import { getUser } from './get-user.ts';
import { listAccountAliases } from './list-account-aliases.ts';
import { listAttachedUserPolicies } from './list-attached-user-policies.ts';
import { listGroupsForUser } from './list-groups-for-user.ts';
import { listUserPolicies } from './list-user-policies.ts';
import { listUsers } from './list-users.ts';

export const tenantIamActions: AwsActions = {
  service: 'iam',
  actions: { ListAccountAliases: listAccountAliases },
  examples: {
    ListAccountAliases: { input: async () => ({}), malformed: () => [{ MaxItems: 0 }, { MaxItems: 1001 }] },
  },
};

const aboutMember: AwsExample = {
  input: async (world) => ({ UserName: (await insertMember(world)).email }),
  foreign: 'NoSuchEntityException',
  malformed: () => [{ UserName: 'x'.repeat(129) }],
};

export const memberIamActions: AwsActions = {
  service: 'iam',
  actions: {
    GetUser: getUser,
    ListUsers: listUsers,
    ListAttachedUserPolicies: listAttachedUserPolicies,
    ListUserPolicies: listUserPolicies,
    ListGroupsForUser: listGroupsForUser,
  },
  examples: {
    GetUser: aboutMember,
    ListUsers: {
      input: async (world) => (await insertMember(world), {}),
      malformed: () => [{ MaxItems: 0 }, { MaxItems: 1001 }, { Marker: 'nowhere' }],
    },
    ListAttachedUserPolicies: aboutMember,
    ListUserPolicies: aboutMember,
    ListGroupsForUser: aboutMember,
  },
};
