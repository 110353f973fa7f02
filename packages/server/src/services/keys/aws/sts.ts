import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { insertAwsKey } from '../examples.ts';
import { getAccessKeyInfo } from './get-access-key-info.ts';
import { getSessionToken } from './get-session-token.ts';

export const keyStsActions: AwsActions = {
  service: 'sts',
  actions: { GetAccessKeyInfo: getAccessKeyInfo, GetSessionToken: getSessionToken },
  examples: {
    GetAccessKeyInfo: {
      input: async (world) => ({ AccessKeyId: await insertAwsKey(world) }),
      foreign: 'ResourceNotFound',
      malformed: () => [{ AccessKeyId: 'AKIA' }],
    },
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
