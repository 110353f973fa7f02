import type * as Sts from '@aws-sdk/client-sts';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { keyOf } from './key-of.ts';

/** The account of a key in it: keys of other accounts do not exist for the caller. */
export const getAccessKeyInfo: SdkAction<Handlers<typeof Sts>, 'GetAccessKeyInfo'> = async (input, context) => {
  await keyOf(context, input.AccessKeyId);
  return { Account: context.accountNumber };
};
