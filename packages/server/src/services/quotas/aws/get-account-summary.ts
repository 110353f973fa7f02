import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import type { PageOf } from '../../../kernel/operation.ts';
import type { QuotaUsage } from '../operations.ts';

/** IAM's words for what has a quota here: how many there are, and how many there may be. */
const WORDS = { members: ['Users', 'UsersQuota'], roles: ['Roles', 'RolesQuota'] } as const;
/** More than there are quotas. */
const ALL = 1000;

export const getAccountSummary: SdkAction<Handlers<typeof Iam>, 'GetAccountSummary'> = async (_input, context) => {
  const { items } = (await context.execute('quotas.list', { limit: ALL })) as PageOf<QuotaUsage>;
  const counted = items.flatMap(({ resource, used, max }) => {
    const words = WORDS[resource as keyof typeof WORDS];
    return words ? [[words[0], used] as const, [words[1], max] as const] : [];
  });
  return { SummaryMap: Object.fromEntries(counted) };
};
