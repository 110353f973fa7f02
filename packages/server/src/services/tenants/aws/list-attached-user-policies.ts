import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { iamArn, isBelow } from '../../../kernel/iam.ts';
import { memberOf } from './member-of.ts';

/** What a member may do is said by their role alone. */
export const listAttachedUserPolicies: SdkAction<Handlers<typeof Iam>, 'ListAttachedUserPolicies'> = async (
  input,
  context,
) => {
  const { role } = await memberOf(context, input.UserName);
  const policy = { PolicyName: role, PolicyArn: iamArn(context, 'policy', role) };
  return { AttachedPolicies: isBelow(input.PathPrefix) ? [policy] : [], IsTruncated: false };
};
