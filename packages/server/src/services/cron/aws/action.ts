import type * as Scheduler from '@aws-sdk/client-scheduler';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';

/** An action of EventBridge Scheduler by its name, in the SDK's types. */
export type ScheduleAction<Name extends keyof Handlers<typeof Scheduler>> = SdkAction<Handlers<typeof Scheduler>, Name>;
