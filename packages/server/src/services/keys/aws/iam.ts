import type { AwsActions, AwsExample } from '../../../kernel/aws-actions.ts';
import { insertAwsKey } from '../examples.ts';
import { createAccessKey } from './create-access-key.ts';
import { deleteAccessKey } from './delete-access-key.ts';
import { getAccessKeyLastUsed } from './get-access-key-last-used.ts';
import { listAccessKeys } from './list-access-keys.ts';

const ofOneKey: AwsExample = {
  input: async (world) => ({ AccessKeyId: await insertAwsKey(world) }),
  foreign: 'NoSuchEntityException',
  malformed: () => [{ AccessKeyId: 'AKIA' }],
};

export const keyIamActions: AwsActions = {
  service: 'iam',
  actions: {
    CreateAccessKey: createAccessKey,
    DeleteAccessKey: deleteAccessKey,
    GetAccessKeyLastUsed: getAccessKeyLastUsed,
    ListAccessKeys: listAccessKeys,
  },
  examples: {
    CreateAccessKey: { input: async () => ({}), malformed: () => [{ UserName: 'x'.repeat(129) }] },
    DeleteAccessKey: {
      ...ofOneKey,
      input: async (world) => ({ UserName: world.email, AccessKeyId: await insertAwsKey(world) }),
    },
    GetAccessKeyLastUsed: ofOneKey,
    ListAccessKeys: {
      input: async (world) => (await insertAwsKey(world), { UserName: world.email }),
      foreign: 'NoSuchEntityException',
      malformed: () => [{ MaxItems: 0 }, { Marker: 'nowhere' }],
    },
  },
};
