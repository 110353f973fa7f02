import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { describeInstances } from './describe-instances.ts';

export const instanceActions: AwsActions = {
  service: 'ec2',
  actions: { DescribeInstances: describeInstances },
  errors: {
    NOT_FOUND: 'InvalidInstanceID.NotFound',
    INSTANCE_NOT_RUNNING: 'IncorrectInstanceState',
    INSUFFICIENT_CAPACITY: 'InsufficientInstanceCapacity',
    ENGINE_UNAVAILABLE: 'Unavailable',
  },
};
