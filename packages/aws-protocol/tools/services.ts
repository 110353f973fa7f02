import type { ProtocolName } from '../src/model/compact.ts';

/**
 * The services whose models are extracted. `signingName` and `endpointPrefix` route requests; `protocols` lists what
 * the service speaks to SDKs of any age, the one of the pinned SDK first. Sources: the pinned clients' configuration,
 * and the `metadata` of botocore's models, where the older protocol of SQS and CloudWatch still stands.
 */
export interface ServiceSource {
  readonly client: string;
  readonly protocols: readonly ProtocolName[];
  readonly endpointPrefix: string;
  /** XML namespace of the query protocol where the JSON model has lost it (SQS). */
  readonly xmlNamespace?: string;
}

export const SERVICES: Record<string, ServiceSource> = {
  sqs: {
    client: 'sqs',
    protocols: ['awsJson1_0', 'awsQuery', 'rpcv2Cbor'],
    endpointPrefix: 'sqs',
    xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
  },
  sns: { client: 'sns', protocols: ['awsQuery'], endpointPrefix: 'sns' },
  secretsmanager: { client: 'secrets-manager', protocols: ['awsJson1_1'], endpointPrefix: 'secretsmanager' },
  s3: { client: 's3', protocols: ['restXml'], endpointPrefix: 's3' },
  lambda: { client: 'lambda', protocols: ['restJson1'], endpointPrefix: 'lambda' },
  sts: { client: 'sts', protocols: ['awsQuery'], endpointPrefix: 'sts' },
  iam: { client: 'iam', protocols: ['awsQuery'], endpointPrefix: 'iam' },
  scheduler: { client: 'scheduler', protocols: ['restJson1'], endpointPrefix: 'scheduler' },
  ec2: { client: 'ec2', protocols: ['ec2Query'], endpointPrefix: 'ec2' },
  'elastic-load-balancing-v2': {
    client: 'elastic-load-balancing-v2',
    protocols: ['awsQuery'],
    endpointPrefix: 'elasticloadbalancing',
  },
  'auto-scaling': { client: 'auto-scaling', protocols: ['awsQuery'], endpointPrefix: 'autoscaling' },
  rds: { client: 'rds', protocols: ['awsQuery'], endpointPrefix: 'rds' },
  elasticache: { client: 'elasticache', protocols: ['awsQuery'], endpointPrefix: 'elasticache' },
  cloudwatch: {
    client: 'cloudwatch',
    protocols: ['awsJson1_0', 'rpcv2Cbor', 'awsQuery'],
    endpointPrefix: 'monitoring',
  },
  kms: { client: 'kms', protocols: ['awsJson1_1', 'rpcv2Cbor'], endpointPrefix: 'kms' },
  ssm: { client: 'ssm', protocols: ['awsJson1_1'], endpointPrefix: 'ssm' },
  dynamodb: { client: 'dynamodb', protocols: ['awsJson1_0', 'rpcv2Cbor'], endpointPrefix: 'dynamodb' },
  eventbridge: { client: 'eventbridge', protocols: ['awsJson1_1', 'rpcv2Cbor'], endpointPrefix: 'events' },
  'cloudwatch-logs': { client: 'cloudwatch-logs', protocols: ['awsJson1_1', 'rpcv2Cbor'], endpointPrefix: 'logs' },
};
