import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { Static } from 'typebox';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { CURRENT_TENANT } from '../../../kernel/operation.ts';
import type { Tenant } from '../tenant.ts';

/** An account has one alias: the slug of the tenant. */
export const listAccountAliases: SdkAction<Handlers<typeof Iam>, 'ListAccountAliases'> = async (_input, context) => {
  const { slug } = (await context.execute('tenants.get', { id: CURRENT_TENANT })) as Static<typeof Tenant>;
  return { AccountAliases: [slug], IsTruncated: false };
};
