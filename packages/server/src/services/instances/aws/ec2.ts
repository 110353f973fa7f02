import type { AwsActions } from '../../../kernel/aws-actions.ts';
import { insertInstance } from '../examples.ts';
import { describeInstances } from './describe-instances.ts';

export const instanceActions: AwsActions = {
  service: 'ec2',
  actions: { DescribeInstances: describeInstances },
  examples: {
    DescribeInstances: {
      input: async (world) => (await insertInstance(world), {}),
      malformed: () => [{ MaxResults: 1 }, { NextToken: 'x' }, { InstanceIds: ['web'] }],
    },
  },
  errors: {
    NOT_FOUND: 'InvalidInstanceID.NotFound',
    INSTANCE_NOT_RUNNING: 'IncorrectInstanceState',
    INSUFFICIENT_CAPACITY: 'InsufficientInstanceCapacity',
    ENGINE_UNAVAILABLE: 'Unavailable',
  },
};
