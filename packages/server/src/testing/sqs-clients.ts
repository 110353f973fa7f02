import { SQSClient } from '@aws-sdk/client-sqs';
import { AwsQueryProtocol } from '@aws-sdk/core/protocols';
import { awsClient, type AwsKey } from './aws-clients.ts';
import type { TestApi } from './test-api.ts';

/** The protocols that SQS's clients of different ages speak. */
export const SQS_PROTOCOLS = ['json', 'query'] as const;

/** A client of SQS that speaks the protocol; nothing is tried twice. */
export function sqsClient(
  api: Pick<TestApi, 'awsUrl'>,
  key: AwsKey,
  protocol: (typeof SQS_PROTOCOLS)[number] = 'json',
): SQSClient {
  const client = awsClient('sqs', api, key);
  if (protocol === 'json') return client;
  const { protocolSettings } = client.config;
  return new SQSClient({
    endpoint: api.awsUrl,
    region: 'us-east-1',
    credentials: key,
    maxAttempts: 1,
    protocol: AwsQueryProtocol as never,
    protocolSettings: { ...protocolSettings, xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/' } as never,
  });
}
