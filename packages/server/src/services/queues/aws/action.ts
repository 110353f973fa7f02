import type * as Sqs from '@aws-sdk/client-sqs';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';

/** An action of SQS by its name, in the SDK's types. */
export type SqsAction<Name extends keyof Handlers<typeof Sqs>> = SdkAction<Handlers<typeof Sqs>, Name>;
