import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { forbidden } from '../../../kernel/errors.ts';
import type { ApiKey } from '../api-key.ts';
import { otherMember } from './key-of.ts';

/** IAM has no names for keys. */
const NAME = 'AWS access key';

/** Keys are made by their user alone. */
export const createAccessKey: SdkAction<Handlers<typeof Iam>, 'CreateAccessKey'> = async (input, context) => {
  if ((await otherMember(context, input.UserName)) !== undefined)
    throw forbidden('only a member makes their own access keys');
  const made = (await context.execute('keys.create', { name: NAME })) as ApiKey;
  return {
    AccessKey: {
      UserName: context.caller.kind === 'user' ? context.caller.email : '',
      AccessKeyId: made.aws_access_key_id!,
      Status: 'Active',
      SecretAccessKey: made.aws_secret_access_key!,
      CreateDate: new Date(made.created_at),
    },
  };
};
