import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { iamArn, iamPath } from '../../../kernel/iam.ts';
import type { Role } from '../role.ts';

/** A role of the tenant. Built-in roles are as old as the platform and have no date, which IAM wants. */
export const iamRole = (context: AwsContext, { id, name, description, created_at: created }: Role) => ({
  ...iamPath,
  RoleName: name,
  RoleId: id,
  Arn: iamArn(context, 'role', name),
  CreateDate: new Date(created ?? 0),
  ...(description === '' ? {} : { Description: description }),
});
