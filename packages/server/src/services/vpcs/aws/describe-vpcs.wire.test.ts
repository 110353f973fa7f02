import { DescribeVpcsCommand, type DescribeVpcsCommandInput, paginateDescribeVpcs } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { ec2Id, newId } from '../../../kernel/ids.ts';
import { ec2Client, makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';
import { uniqueWord } from '../../../testing/test-api.ts';
import { insertVpc } from '../examples.ts';

const { api, owner } = await setUpApi();
const client = ec2Client(api, await makeAwsKey(api, owner));
const account = (
  await api.owner.query<{ account_number: string }>('select account_number from tenants where id = $1', [
    owner.tenantId,
  ])
).rows[0]!.account_number;

/** Seven VPCs, the newest first, as the list shows them. */
const made: { id: string; name: string }[] = [];
for (let n = 0; n < 7; n++) {
  const created = await api.call(
    'vpcs.create',
    { name: `net-${n} ${uniqueWord()}`, cidr_block: `10.${n}.0.0/16` },
    owner,
  );
  made.unshift({ id: ec2Id('vpc', created.data.id), name: created.data.name });
  if (n > 0)
    await api.owner.query(`update vpcs set status = 'active', observed_version = 1 where id = $1`, [created.data.id]);
}
const [newest, second, third] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
const oldest = made.at(-1)!;

const ask = (input: DescribeVpcsCommandInput = {}) => client.send(new DescribeVpcsCommand(input));
const idsOf = async (input: DescribeVpcsCommandInput) => (await ask(input)).Vpcs?.map((vpc) => vpc.VpcId);
const where = (Name: string, ...Values: string[]) => idsOf({ Filters: [{ Name, Values }] });

describe('DescribeVpcs', () => {
  it('shows a VPC as EC2 does', async () => {
    expect((await ask({ VpcIds: [newest.id] })).Vpcs).toEqual([
      {
        VpcId: newest.id,
        OwnerId: account,
        State: 'available',
        CidrBlock: '10.6.0.0/16',
        CidrBlockAssociationSet: [
          {
            AssociationId: newest.id.replace('vpc-', 'vpc-cidr-assoc-'),
            CidrBlock: '10.6.0.0/16',
            CidrBlockState: { State: 'associated' },
          },
        ],
        DhcpOptionsId: 'default',
        InstanceTenancy: 'default',
        IsDefault: false,
        Tags: [{ Key: 'Name', Value: newest.name }],
      },
    ]);
    expect((await ask({ VpcIds: [oldest.id] })).Vpcs?.[0]?.State).toBe('pending');
  });

  it('lists all of the tenant, page by page', async () => {
    expect(await idsOf({})).toEqual(made.map(({ id }) => id));
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateDescribeVpcs({ client, pageSize: 5 }, {}))
      pages.push(page.Vpcs!.map((vpc) => vpc.VpcId));
    expect(pages.map((page) => page.length)).toEqual([5, 2]);
    expect(pages.flat()).toEqual(made.map(({ id }) => id));
  });

  it('filters', async () => {
    const rest = made.slice(0, -1).map(({ id }) => id);
    expect(await where('vpc-id', second.id, ec2Id('vpc', newId()))).toEqual([second.id]);
    expect(await where('cidr', '10.5.0.0/16', '10.4.0.0/16')).toEqual([second.id, third.id]);
    expect(await where('cidr-block-association.cidr-block', '10.?.0.0/16')).toHaveLength(7);
    expect(await where('state', 'available')).toEqual(rest);
    expect(await where('state', 'pending')).toEqual([oldest.id]);
    expect(await where('tag:Name', newest.name)).toEqual([newest.id]);
    expect(await where('tag:Name', 'net-*')).toHaveLength(7);
    expect(await where('tag-key', 'Name')).toHaveLength(7);
    expect(await where('tag:Env', '*')).toEqual([]);
    expect(await where('is-default', 'true')).toEqual([]);
    expect(await where('owner-id', account)).toHaveLength(7);
    expect(
      await idsOf({
        Filters: [
          { Name: 'state', Values: ['available'] },
          { Name: 'cidr', Values: ['10.0.0.0/16', '10.1.0.0/16'] },
        ],
      }),
    ).toEqual([rest.at(-1)]);
  });

  it('knows nothing of another tenant', async () => {
    const foreign = ec2Id('vpc', await insertVpc(api.worldOf(await api.makeActor())));
    expect(await where('vpc-id', foreign)).toEqual([]);
    await expect(ask({ VpcIds: [newest.id, foreign] })).rejects.toMatchObject({
      name: 'InvalidVpcID.NotFound',
      message: `The vpc ID '${foreign}' does not exist`,
      $metadata: { httpStatusCode: 400 },
    });
  });

  it.each<[string, DescribeVpcsCommandInput, string, string]>([
    ['an id that there is not', { VpcIds: ['vpc-0123456789abcdef0'] }, 'InvalidVpcID.NotFound', 'does not exist'],
    ['no id at all', { VpcIds: ['main'] }, 'InvalidVpcID.NotFound', 'does not exist'],
    [
      'a filter that there is not',
      { Filters: [{ Name: 'colour', Values: ['red'] }] },
      'InvalidParameterValue',
      'colour',
    ],
    ['too small a page', { MaxResults: 4 }, 'InvalidParameterValue', 'maxResults'],
    ['a token that no answer gave', { NextToken: 'x' }, 'InvalidParameterValue', 'cursor'],
    ['a dry run', { DryRun: true }, 'DryRunOperation', 'would have succeeded'],
  ])('refuses %s', async (_, input, name, message) => {
    await expect(ask(input)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });
});
