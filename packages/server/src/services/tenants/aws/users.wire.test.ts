import {
  GetUserCommand,
  ListAccountAliasesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  paginateListUsers,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { awsClient, makeAwsKey, stsClient } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);
const iam = awsClient('iam', api, key);
const member = await api.makeMember(owner.tenantId, 'developer');
const { Account: account } = await stsClient(api, key).send(new GetCallerIdentityCommand());

describe('a member is a user of IAM', () => {
  const joined = async (userId: string) => {
    const { rows } = await api.owner.query<{ created_at: Date }>(
      'select created_at from memberships where user_id = $1',
      [userId],
    );
    return rows[0]!.created_at;
  };
  const userOf = async ({ userId, email }: typeof owner) => ({
    Path: '/',
    UserName: email,
    UserId: userId,
    Arn: `arn:aws:iam::${account}:user/${email}`,
    CreateDate: await joined(userId),
  });

  it('GetUser answers the caller, or who is named', async () => {
    expect((await iam.send(new GetUserCommand({}))).User).toEqual(await userOf(owner));
    expect((await iam.send(new GetUserCommand({ UserName: member.email }))).User).toEqual(await userOf(member));
    await expect(iam.send(new GetUserCommand({ UserName: 'nobody@example.com' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: "member 'nobody@example.com' does not exist",
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('ListUsers lists all by page, and none below another path', async () => {
    const { Users, IsTruncated } = await iam.send(new ListUsersCommand({}));
    expect(Users).toEqual([await userOf(member), await userOf(owner)]);
    expect(IsTruncated).toBe(false);
    const pages = [];
    for await (const { Users: page } of paginateListUsers({ client: iam, pageSize: 1 }, {}))
      pages.push(page!.map(({ UserName }) => UserName));
    expect(pages).toEqual([[member.email], [owner.email]]);
    expect((await iam.send(new ListUsersCommand({ PathPrefix: '/people/' }))).Users).toEqual([]);
  });

  it('has its role as the one policy, no other and no groups', async () => {
    const of = { UserName: member.email };
    expect(await iam.send(new ListAttachedUserPoliciesCommand(of))).toMatchObject({
      AttachedPolicies: [{ PolicyName: 'developer', PolicyArn: `arn:aws:iam::${account}:policy/developer` }],
      IsTruncated: false,
    });
    const elsewhere = { ...of, PathPrefix: '/division/' };
    expect((await iam.send(new ListAttachedUserPoliciesCommand(elsewhere))).AttachedPolicies).toEqual([]);
    expect(await iam.send(new ListUserPoliciesCommand(of))).toMatchObject({ PolicyNames: [], IsTruncated: false });
    expect(await iam.send(new ListGroupsForUserCommand(of))).toMatchObject({ Groups: [], IsTruncated: false });
  });
});

it('ListAccountAliases answers the slug of the tenant', async () => {
  const { rows } = await api.owner.query<{ slug: string }>('select slug from tenants where id = $1', [owner.tenantId]);
  expect(await iam.send(new ListAccountAliasesCommand({}))).toMatchObject({
    AccountAliases: [rows[0]!.slug],
    IsTruncated: false,
  });
});
