import type { Static } from 'typebox';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { iamArn, iamPath } from '../../../kernel/iam.ts';
import { CURRENT_TENANT } from '../../../kernel/operation.ts';
import type { Member } from '../member.ts';

type MemberOutput = Static<typeof Member>;

/** The member with this name in IAM, which is an e-mail address; without one, the caller. */
export const memberOf = async (context: AwsContext, name: string | undefined): Promise<MemberOutput> => {
  const { caller } = context;
  const member = name ?? (caller.kind === 'user' ? caller.userId : '');
  return (await context.execute('members.get', { tenant: CURRENT_TENANT, member })) as MemberOutput;
};

/** A member as a user of IAM. */
export const iamUser = (context: AwsContext, { id, email, joined_at: joined }: MemberOutput) => ({
  ...iamPath,
  UserName: email,
  UserId: id,
  Arn: iamArn(context, 'user', email),
  CreateDate: new Date(joined),
});
