import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { getSessionToken } from './get-session-token.ts';

export const keyStsActions: AwsActions = {
  service: 'sts',
  actions: { GetSessionToken: getSessionToken },
  examples: {
    GetSessionToken: {
      input: async () => ({ DurationSeconds: 900 }),
      malformed: (good) => [
        { DurationSeconds: 899 },
        { DurationSeconds: 129_601 },
        { ...good, SerialNumber: 'arn:aws:iam::123456789012:mfa/me', TokenCode: '123456' },
      ],
    },
  },
};
