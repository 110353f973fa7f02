import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { insertVpc } from '../examples.ts';
import { describeVpcs } from './describe-vpcs.ts';

export const vpcActions: AwsActions = {
  service: 'ec2',
  actions: { DescribeVpcs: describeVpcs },
  examples: {
    DescribeVpcs: {
      input: async (world) => (await insertVpc(world), {}),
      malformed: () => [{ MaxResults: 1 }, { NextToken: 'x' }, { VpcIds: ['main'] }],
    },
  },
  errors: { NOT_FOUND: 'InvalidVpcID.NotFound', QUOTA_EXCEEDED: 'VpcLimitExceeded', CONFLICT: 'DependencyViolation' },
};
