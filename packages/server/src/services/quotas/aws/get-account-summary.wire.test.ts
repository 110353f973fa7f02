import { GetAccountSummaryCommand } from '@aws-sdk/client-iam';
import { expect, it } from 'vitest';
import { awsClient, makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();

it('GetAccountSummary counts members and roles, with their quotas', async () => {
  const iam = awsClient('iam', api, await makeAwsKey(api, owner));
  await api.makeMember(owner.tenantId, 'viewer');
  await api.call('roles.create', { name: 'ops' }, owner);
  await api.owner.query(
    `insert into quotas (tenant_id, resource, max) values ($1, 'roles', 7) on conflict (tenant_id, resource) do update set max = 7`,
    [owner.tenantId],
  );
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  expect(SummaryMap).toEqual({ Users: 2, UsersQuota: expect.any(Number), Roles: 1, RolesQuota: 7 });
});
