import { GetRoleCommand, paginateListRoles } from '@aws-sdk/client-iam';
import { expect, it } from 'vitest';
import { awsClient, makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();
const iam = awsClient('iam', api, await makeAwsKey(api, owner));

it('ListRoles and GetRole answer the roles of the tenant and the built-in ones', async () => {
  const { data } = await api.call('roles.create', { name: 'ops', description: 'Restarts instances' }, owner);
  const roles = [];
  for await (const { Roles } of paginateListRoles({ client: iam, pageSize: 2 }, {})) roles.push(...Roles!);
  expect(roles.map(({ RoleName }) => RoleName).sort()).toEqual(
    ['ops', 'owner', 'admin', 'developer', 'viewer', 'user'].sort(),
  );
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'ops' }));
  expect(Role).toEqual({
    Path: '/',
    RoleName: 'ops',
    RoleId: data.id,
    Arn: expect.stringMatching(/^arn:aws:iam::\d{12}:role\/ops$/),
    CreateDate: new Date(data.created_at),
    Description: 'Restarts instances',
  });
  expect(roles.find(({ RoleName }) => RoleName === 'ops')).toEqual(Role);
  await expect(iam.send(new GetRoleCommand({ RoleName: 'nobody' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  });
});
