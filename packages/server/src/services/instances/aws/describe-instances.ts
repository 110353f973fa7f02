import type * as Ec2 from '@aws-sdk/client-ec2';
import { errorsOf, type Handlers } from '@thecloud/aws-protocol';
import { describe, type FilterTable } from '@thecloud/aws-protocol/ec2';
import { listPage, type SdkAction } from '../../../kernel/aws-actions.ts';
import { ec2Id, isEc2Id } from '../../../kernel/ids.ts';
import type { Instance, PublicStatus } from '../instance.ts';

/** EC2 has no state for what failed: an instance that could not be made does not run, and can be started again. */
const STATES = {
  STARTING: { Code: 0, Name: 'pending' },
  RUNNING: { Code: 16, Name: 'running' },
  STOPPING: { Code: 64, Name: 'stopping' },
  STOPPED: { Code: 80, Name: 'stopped' },
  ERROR: { Code: 80, Name: 'stopped' },
  DELETING: { Code: 32, Name: 'shutting-down' },
} as const satisfies Record<PublicStatus, Ec2.InstanceState>;

const Ec2Error = errorsOf<typeof Ec2, 'InvalidInstanceID.NotFound' | 'InvalidInstanceID.Malformed'>();

const FILTERS: FilterTable<Ec2.Instance> = {
  'instance-id': (instance) => [instance.InstanceId],
  'instance-state-name': (instance) => [instance.State?.Name],
  'instance-state-code': (instance) => [String(instance.State?.Code)],
  'instance-type': (instance) => [instance.InstanceType],
  'image-id': (instance) => [instance.ImageId],
  'private-dns-name': (instance) => [instance.PrivateDnsName],
  'private-ip-address': (instance) => [instance.PrivateIpAddress],
  'vpc-id': (instance) => [instance.VpcId],
};

export const describeInstances: SdkAction<Handlers<typeof Ec2>, 'DescribeInstances'> = async (input, context) => {
  const { things, nextToken } = await describe(input, {
    ids: input.InstanceIds,
    idFilter: 'instance-id',
    filters: FILTERS,
    notFound: (id) =>
      isEc2Id('i', id)
        ? new Ec2Error('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`)
        : new Ec2Error('InvalidInstanceID.Malformed', `Invalid id: "${id}" (expecting "i-..." and 17 hex digits)`),
    list: (query) => listPage(context, 'instances.list', query, toEc2),
  });
  return {
    // Each of ours was launched alone.
    Reservations: things.map(
      (instance) =>
        ({
          ReservationId: instance.InstanceId.replace(/^i-/, 'r-'),
          OwnerId: context.accountNumber,
          Groups: [],
          Instances: [instance],
        }) satisfies Ec2.Reservation,
    ),
    ...(nextToken ? { NextToken: nextToken } : {}),
  } satisfies Ec2.DescribeInstancesResult;
};

function toEc2(instance: Instance) {
  const { Name: _own, ...labels } = instance.labels ?? {};
  return {
    InstanceId: ec2Id('i', instance.id),
    ImageId: instance.image,
    // Not one of Amazon's types.
    InstanceType: instance.instance_type as Ec2._InstanceType,
    State: STATES[instance.status],
    ...(instance.status === 'ERROR'
      ? { StateReason: { Code: 'Server.InternalError', Message: instance.status_reason ?? '' } }
      : {}),
    LaunchTime: new Date(instance.started_at ?? instance.created_at),
    AmiLaunchIndex: 0,
    ...(instance.vpc_id ? { VpcId: ec2Id('vpc', instance.vpc_id) } : {}),
    ...(instance.private_ip ? { PrivateIpAddress: instance.private_ip } : {}),
    ...(instance.dns_name ? { PrivateDnsName: instance.dns_name } : {}),
    SecurityGroups: [],
    BlockDeviceMappings: [],
    NetworkInterfaces: [],
    Tags: [{ Key: 'Name', Value: instance.name }, ...Object.entries(labels).map(([Key, Value]) => ({ Key, Value }))],
  } satisfies Ec2.Instance;
}
