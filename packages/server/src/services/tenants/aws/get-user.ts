import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { iamUser, memberOf } from './member-of.ts';

export const getUser: SdkAction<Handlers<typeof Iam>, 'GetUser'> = async (input, context) => ({
  User: iamUser(context, await memberOf(context, input.UserName)),
});
