import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { ec2Id, newId } from '../../../kernel/ids.ts';
import { ec2Client, makeAwsKey } from '../../../testing/aws-clients.ts';
import { setUpApi } from '../../../testing/set-up-api.ts';
import { insertVpc } from '../../vpcs/examples.ts';
import { insertInstance } from '../examples.ts';

const { api, owner } = await setUpApi();
const client = ec2Client(api, await makeAwsKey(api, owner));
const account = (
  await api.owner.query<{ account_number: string }>('select account_number from tenants where id = $1', [
    owner.tenantId,
  ])
).rows[0]!.account_number;
const vpcId = await insertVpc(api.worldOf(owner));

const launch = async (name: string, more: object = {}) => {
  const launched = await api.call('instances.launch', { name, image: 'busybox', ...more }, owner);
  expect(launched.status, launched.text).toBe(202);
  return launched.data as { id: string; private_ip: string; created_at: string };
};
const become = (id: string, change: string) =>
  api.owner.query(`update instances set observed_version = version, ${change} where id = $1`, [id]);

const web = await launch('web', { vpc_id: vpcId, labels: { tier: 'front', Name: 'hidden' } });
const startedAt = new Date('2026-01-02T03:04:05.000Z');
await become(web.id, `status = 'RUNNING', started_at = '${startedAt.toISOString()}'`);
const starting = await launch('starting', { instance_type: 'standard-1' });
const stopping = await launch('stopping');
await become(stopping.id, `status = 'RUNNING', power = 'stopped'`);
const stopped = await launch('stopped', { labels: { tier: 'back' } });
await become(stopped.id, `status = 'STOPPED', power = 'stopped'`);
const failed = await launch('failed');
await become(failed.id, `status = 'ERROR', status_reason = 'no image'`);
const all = [failed, stopped, stopping, starting, web].map(({ id }) => ec2Id('i', id));

const ask = (input: DescribeInstancesCommandInput = {}) => client.send(new DescribeInstancesCommand(input));
const instancesOf = async (input: DescribeInstancesCommandInput) =>
  (await ask(input)).Reservations!.flatMap((reservation) => reservation.Instances!);
const idsOf = async (input: DescribeInstancesCommandInput) =>
  (await instancesOf(input)).map((instance) => instance.InstanceId);
const where = (Name: string, ...Values: string[]) => idsOf({ Filters: [{ Name, Values }] });

describe('DescribeInstances', () => {
  it('shows an instance as EC2 does, each in a reservation of its own', async () => {
    expect((await ask({ InstanceIds: [ec2Id('i', web.id)] })).Reservations).toEqual([
      {
        ReservationId: ec2Id('r', web.id),
        OwnerId: account,
        Groups: [],
        Instances: [
          {
            InstanceId: ec2Id('i', web.id),
            ImageId: 'busybox',
            InstanceType: 'basic-2',
            State: { Code: 16, Name: 'running' },
            LaunchTime: startedAt,
            AmiLaunchIndex: 0,
            VpcId: ec2Id('vpc', vpcId),
            PrivateIpAddress: web.private_ip,
            PrivateDnsName: 'web.internal',
            SecurityGroups: [],
            BlockDeviceMappings: [],
            NetworkInterfaces: [],
            Tags: [
              { Key: 'Name', Value: 'web' },
              { Key: 'tier', Value: 'front' },
            ],
          },
        ],
      },
    ]);
  });

  it('has a state for each status, and a reason for what failed', async () => {
    const shown = await instancesOf({});
    expect(shown.map(({ InstanceId, State }) => [InstanceId, State?.Name, State?.Code])).toEqual([
      [all[0], 'stopped', 80],
      [all[1], 'stopped', 80],
      [all[2], 'stopping', 64],
      [all[3], 'pending', 0],
      [all[4], 'running', 16],
    ]);
    expect(shown[0]?.StateReason).toEqual({ Code: 'Server.InternalError', Message: 'no image' });
    expect(shown[3]?.LaunchTime).toEqual(new Date(starting.created_at));
  });

  it('filters', async () => {
    expect(await where('instance-id', all[1]!, ec2Id('i', newId()))).toEqual([all[1]]);
    expect(await where('instance-state-name', 'pending', 'running')).toEqual([all[3], all[4]]);
    expect(await where('instance-state-code', '64')).toEqual([all[2]]);
    expect(await where('vpc-id', ec2Id('vpc', vpcId))).toEqual([all[4]]);
    expect(await where('instance-type', 'standard-*')).toEqual([all[3]]);
    expect(await where('image-id', 'busybox')).toHaveLength(5);
    expect(await where('private-ip-address', web.private_ip)).toEqual([all[4]]);
    expect(await where('tag:tier', 'front', 'back')).toEqual([all[1], all[4]]);
    expect(await where('tag:Name', 'st*')).toEqual([all[1], all[2], all[3]]);
    expect(await where('tag:Name', 'hidden')).toEqual([]);
    expect(await where('tag-key', 'tier')).toEqual([all[1], all[4]]);
  });

  it('answers page by page', async () => {
    for (let n = 0; n < 7; n++) await insertInstance(api.worldOf(owner));
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateDescribeInstances({ client, pageSize: 5 }, {}))
      pages.push(page.Reservations!.map((reservation) => reservation.ReservationId));
    expect(pages.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(new Set(pages.flat()).size).toBe(12);
  });

  it('knows nothing of another tenant', async () => {
    const foreign = ec2Id('i', await insertInstance(api.worldOf(await api.makeActor())));
    expect(await where('instance-id', foreign)).toEqual([]);
    await expect(ask({ InstanceIds: [foreign] })).rejects.toMatchObject({
      name: 'InvalidInstanceID.NotFound',
      message: `The instance ID '${foreign}' does not exist`,
    });
  });

  it.each<[string, DescribeInstancesCommandInput, string]>([
    ['an id that there is not', { InstanceIds: ['i-0123456789abcdef0'] }, 'InvalidInstanceID.NotFound'],
    ['no id at all', { InstanceIds: ['web'] }, 'InvalidInstanceID.Malformed'],
    ['a filter that there is not', { Filters: [{ Name: 'colour', Values: ['red'] }] }, 'InvalidParameterValue'],
    ['a dry run', { DryRun: true }, 'DryRunOperation'],
  ])('refuses %s', async (_, input, name) => {
    await expect(ask(input)).rejects.toMatchObject({ name });
  });
});
