import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import { iamPage } from '../../../kernel/iam.ts';
import type { Role } from '../role.ts';
import { iamRole } from './iam-role.ts';

export const listRoles: SdkAction<Handlers<typeof Iam>, 'ListRoles'> = async (input, context) => {
  const { things: Roles, page } = await iamPage(context, ['roles.list', {}], input, (role: Role) =>
    iamRole(context, role),
  );
  return { Roles, ...page };
};
