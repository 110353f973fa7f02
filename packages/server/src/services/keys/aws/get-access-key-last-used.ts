import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { AwsContext, SdkAction } from '../../../kernel/aws-actions.ts';
import { CURRENT_TENANT } from '../../../kernel/operation.ts';
import { keyOf } from './key-of.ts';

/** IAM's word for what is not known: the service and the region of the last call are not recorded. */
const UNKNOWN = 'N/A';

export const getAccessKeyLastUsed: SdkAction<Handlers<typeof Iam>, 'GetAccessKeyLastUsed'> = async (input, context) => {
  const key = await keyOf(context, input.AccessKeyId);
  return {
    UserName: await emailOf(context, key.user_id),
    AccessKeyLastUsed: {
      ...(key.last_used ? { LastUsedDate: new Date(key.last_used) } : {}),
      ServiceName: UNKNOWN,
      Region: UNKNOWN,
    },
  };
};

async function emailOf(context: AwsContext, userId: string): Promise<string> {
  const { caller } = context;
  if (caller.kind === 'user' && caller.userId === userId) return caller.email;
  const user = { tenant: CURRENT_TENANT, member: userId };
  const { email } = (await context.execute('members.get', user)) as { readonly email: string };
  return email;
}
