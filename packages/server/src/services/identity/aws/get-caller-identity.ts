import type * as Sts from '@aws-sdk/client-sts';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { iamArn } from '../../../kernel/iam.ts';
import type { User } from '../user.ts';

/** Every key may ask for its identity, as at AWS. */
export const getCallerIdentity: SdkAction<Handlers<typeof Sts>, 'GetCallerIdentity'> = async (_input, context) => {
  const user = (await context.execute('auth.me', {})) as User;
  return {
    UserId: user.id,
    Account: context.accountNumber,
    Arn: iamArn(context, 'user', user.email),
  } satisfies Sts.GetCallerIdentityResponse;
};
