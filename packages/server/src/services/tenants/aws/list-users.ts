import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { iamPage } from '../../../kernel/iam.ts';
import { CURRENT_TENANT } from '../../../kernel/operation.ts';
import { iamUser } from './member-of.ts';

export const listUsers: SdkAction<Handlers<typeof Iam>, 'ListUsers'> = async (input, context) => {
  const { things: Users, page } = await iamPage(
    context,
    ['members.list', { tenant: CURRENT_TENANT }],
    input,
    (member: Parameters<typeof iamUser>[1]) => iamUser(context, member),
  );
  return { Users, ...page };
};
