import type * as Sts from '@aws-sdk/client-sts';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { invalidInput } from '../../../kernel/errors.ts';
import type { ApiKey } from '../api-key.ts';

/** Credentials that expire: a temporary key, made from the key that signs the request. */
export const getSessionToken: SdkAction<Handlers<typeof Sts>, 'GetSessionToken'> = async (input, context) => {
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined)
    throw invalidInput(
      'SerialNumber and TokenCode are not supported: a second factor is asked for when its user logs in; leave them out',
    );
  const { DurationSeconds: seconds } = input;
  const made = (await context.execute(
    'keys.createSession',
    seconds === undefined ? {} : { duration_seconds: seconds },
  )) as ApiKey;
  return {
    Credentials: {
      AccessKeyId: made.aws_access_key_id!,
      SecretAccessKey: made.aws_secret_access_key!,
      SessionToken: made.aws_session_token!,
      Expiration: new Date(made.expires_at!),
    },
  } satisfies Sts.GetSessionTokenResponse;
};
