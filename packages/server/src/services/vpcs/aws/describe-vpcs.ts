import type * as Ec2 from '@aws-sdk/client-ec2';
import { errorsOf, type Handlers } from '@thecloud/aws-protocol';
import { describe, type FilterTable } from '@thecloud/aws-protocol/ec2';
import { type AwsContext, listPage, type SdkAction } from '../../../kernel/aws-actions.ts';
import { ec2Id } from '../../../kernel/ids.ts';
import type { Vpc } from '../vpc.ts';

const Ec2Error = errorsOf<typeof Ec2, 'InvalidVpcID.NotFound'>();

const FILTERS: FilterTable<Ec2.Vpc> = {
  'vpc-id': (vpc) => [vpc.VpcId],
  cidr: (vpc) => [vpc.CidrBlock],
  'cidr-block-association.cidr-block': (vpc) => [vpc.CidrBlock],
  state: (vpc) => [vpc.State],
  'is-default': (vpc) => [String(vpc.IsDefault)],
  'owner-id': (vpc) => [vpc.OwnerId],
  'dhcp-options-id': (vpc) => [vpc.DhcpOptionsId],
};

export const describeVpcs: SdkAction<Handlers<typeof Ec2>, 'DescribeVpcs'> = async (input, context) => {
  const { things, nextToken } = await describe(input, {
    ids: input.VpcIds,
    idFilter: 'vpc-id',
    filters: FILTERS,
    notFound: (id) => new Ec2Error('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`),
    list: (query) => listPage(context, 'vpcs.list', query, (vpc: Vpc) => toEc2(vpc, context)),
  });
  return { Vpcs: things, ...(nextToken ? { NextToken: nextToken } : {}) } satisfies Ec2.DescribeVpcsResult;
};

function toEc2(vpc: Vpc, { accountNumber }: AwsContext) {
  return {
    VpcId: ec2Id('vpc', vpc.id),
    OwnerId: accountNumber,
    // EC2 knows no VPC that failed or is being deleted: one that is not there yet comes closest.
    State: vpc.status === 'active' ? 'available' : 'pending',
    CidrBlock: vpc.cidr_block,
    CidrBlockAssociationSet: [
      {
        AssociationId: ec2Id('vpc-cidr-assoc', vpc.id),
        CidrBlock: vpc.cidr_block,
        CidrBlockState: { State: 'associated' },
      },
    ],
    DhcpOptionsId: 'default',
    InstanceTenancy: 'default',
    IsDefault: false,
    Tags: [{ Key: 'Name', Value: vpc.name }],
  } satisfies Ec2.Vpc;
}
