import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { getAccountSummary } from './get-account-summary.ts';

export const quotaIamActions: AwsActions = {
  service: 'iam',
  actions: { GetAccountSummary: getAccountSummary },
  examples: { GetAccountSummary: { input: async () => ({}), forEveryKey: true } },
};
