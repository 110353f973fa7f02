import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { iamPage } from '../../../kernel/iam.ts';
import type { ApiKey } from '../api-key.ts';
import { otherMember } from './key-of.ts';

/** Keys that people made, without those that expire by themselves. */
export const listAccessKeys: SdkAction<Handlers<typeof Iam>, 'ListAccessKeys'> = async (input, context) => {
  const other = await otherMember(context, input.UserName);
  const owner = input.UserName ?? (context.caller.kind === 'user' ? context.caller.email : '');
  const { things: AccessKeyMetadata, page } = await iamPage(
    context,
    other === undefined ? ['keys.list', {}] : ['member-keys.list', { user_id: other }],
    input,
    (key: ApiKey) => ({
      UserName: owner,
      AccessKeyId: key.aws_access_key_id!,
      Status: 'Active' as const,
      CreateDate: new Date(key.created_at),
    }),
    ({ kind, aws_access_key_id: id }) => kind === 'api' && id !== undefined,
  );
  return { AccessKeyMetadata, ...page };
};
