import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '@thecloud/aws-protocol';
import type { SdkAction } from '../../../kernel/aws-actions.ts';
import type { Role } from '../role.ts';
import { iamRole } from './iam-role.ts';

export const getRole: SdkAction<Handlers<typeof Iam>, 'GetRole'> = async (input, context) => ({
  Role: iamRole(context, (await context.execute('roles.get', { id: input.RoleName })) as Role),
});
