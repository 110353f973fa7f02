import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { memberOf } from './member-of.ts';

/** A member has a role and nothing beside it. */
export const listUserPolicies: SdkAction<Handlers<typeof Iam>, 'ListUserPolicies'> = async (input, context) => {
  await memberOf(context, input.UserName);
  return { PolicyNames: [], IsTruncated: false };
};
