import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { memberOf } from './member-of.ts';

/** A tenant has no groups. */
export const listGroupsForUser: SdkAction<Handlers<typeof Iam>, 'ListGroupsForUser'> = async (input, context) => {
  await memberOf(context, input.UserName);
  return { Groups: [], IsTruncated: false };
};
