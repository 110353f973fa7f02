import type { Instance, InstanceType } from '@thecloud/console';

export type { Instance, InstanceType };
