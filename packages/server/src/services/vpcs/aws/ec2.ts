import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { describeVpcs } from './describe-vpcs.ts';

export const vpcActions: AwsActions = {
  service: 'ec2',
  actions: { DescribeVpcs: describeVpcs },
  errors: { NOT_FOUND: 'InvalidVpcID.NotFound', QUOTA_EXCEEDED: 'VpcLimitExceeded', CONFLICT: 'DependencyViolation' },
};
