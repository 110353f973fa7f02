import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { CURRENT_TENANT } from '../../../kernel/operation.ts';
import { keyOf } from './key-of.ts';

/** IAM's word for what is not known: the service and the region of the last call are not recorded. */
const UNKNOWN = 'N/A';

export const getAccessKeyLastUsed: SdkAction<Handlers<typeof Iam>, 'GetAccessKeyLastUsed'> = async (input, context) => {
  const key = await keyOf(context, input.AccessKeyId);
  const user = { tenant: CURRENT_TENANT, member: key.user_id };
  const { email } = (await context.execute('members.get', user)) as { readonly email: string };
  return {
    UserName: email,
    AccessKeyLastUsed: {
      ...(key.last_used ? { LastUsedDate: new Date(key.last_used) } : {}),
      ServiceName: UNKNOWN,
      Region: UNKNOWN,
    },
  };
};
