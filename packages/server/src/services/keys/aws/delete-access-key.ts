import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { notFound } from '../../../kernel/errors.ts';
import type { ApiKey } from '../api-key.ts';
import { otherMember, requireAccessKeyId } from './key-of.ts';

/** That key alone, as in IAM: a program may make its next key with it first. */
export const deleteAccessKey: SdkAction<Handlers<typeof Iam>, 'DeleteAccessKey'> = async (input, context) => {
  const id = requireAccessKeyId(input.AccessKeyId);
  const other = await otherMember(context, input.UserName);
  if (other !== undefined) {
    const key = (await context.execute('member-keys.get', { id })) as ApiKey;
    // A key of a third member is not one of the user who is named.
    if (key.user_id !== other) throw notFound('access key', id);
  }
  await context.execute(other === undefined ? 'keys.revoke' : 'member-keys.revoke', { id, descendants: false });
  return {};
};
