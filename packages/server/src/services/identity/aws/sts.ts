import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { getCallerIdentity } from './get-caller-identity.ts';

export const identityActions: AwsActions = {
  service: 'sts',
  actions: { GetCallerIdentity: getCallerIdentity },
  examples: { GetCallerIdentity: { input: async () => ({}), forEveryKey: true } },
};
