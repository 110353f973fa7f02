import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { makeAwsKey, stsClient } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';

const { api, owner } = await setUpApi();

it('GetCallerIdentity says whose the key is, and needs no permission', async () => {
  const key = await makeAwsKey(api, owner);
  const { rows } = await api.owner.query<{ account_number: string }>(
    'select account_number from tenants where id = $1',
    [owner.tenantId],
  );
  const account = rows[0]!.account_number;
  await api.owner.query(`update memberships set role = 'none of these' where user_id = $1`, [owner.userId]);
  expect(await stsClient(api, key).send(new GetCallerIdentityCommand())).toMatchObject({
    UserId: owner.userId,
    Account: account,
    Arn: `arn:aws:iam::${account}:user/${owner.email}`,
  });
});
