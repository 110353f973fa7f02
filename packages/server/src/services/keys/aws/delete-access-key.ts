import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { otherMember, requireAccessKeyId } from './key-of.ts';

export const deleteAccessKey: SdkAction<Handlers<typeof Iam>, 'DeleteAccessKey'> = async (input, context) => {
  const id = requireAccessKeyId(input.AccessKeyId);
  const other = await otherMember(context, input.UserName);
  await context.execute(other === undefined ? 'keys.revoke' : 'member-keys.revoke', { id });
  return {};
};
