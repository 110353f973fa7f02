import type * as SecretsManager from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';

/** An action of Secrets Manager by its name, in the SDK's types. */
export type SecretAction<Name extends keyof Handlers<typeof SecretsManager>> = SdkAction<
  Handlers<typeof SecretsManager>,
  Name
>;
