import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { TINY, type Use } from '../acceptance/instances.ts';
import { type Answers, type Flood, flood } from './flood.lib.ts';
import { attackBeside, type Neighbour } from './neighbour.ts';

/** A tenant with keys that asks for all it can, and more. */
export function describeLoad(use: Use, beside: () => Neighbour): void {
  describe('a tenant that asks for much', () => {
    test('200 launches at once over the quota, with six keys', async () => {
      const crowd = await createTenant(use(), 'crowd');
      await setQuota(use, crowd, 'instances', 0);
      const keys = await keysOf(crowd, 6);
      let answers: Answers = {};
      await attackBeside(beside(), '200 launches over the quota', async (ended) => {
        const body = JSON.stringify({ name: 'one-more', image: 'busybox', instance_type: TINY.id });
        answers = await flood(
          keys.map(({ key }) => ({
            url: `${use().address}/instances`,
            method: 'POST',
            headers: { 'x-api-key': key, 'content-type': 'application/json' },
            body,
            clients: 33,
          })),
          ended,
        );
      });
      console.info(`answers: ${JSON.stringify(answers)}`);
      expect(answers['202']).toBeUndefined();
      expect(answers['429']).toBeGreaterThan(0);
    });

    test('the largest lists of empty words', async () => {
      const crowd = await createTenant(use(), 'words');
      const body = JSON.stringify({ name: 'a', image: 'busybox', cmd: Array(340_000).fill('') });
      let answers: Answers = {};
      await attackBeside(beside(), 'bodies of 1 MB', async (ended) => {
        const headers = { 'x-api-key': crowd.key, 'content-type': 'application/json' };
        const url = `${use().address}/instances`;
        answers = await flood([{ url, method: 'POST', headers, body, clients: 20 }], ended);
      });
      console.info(`answers: ${JSON.stringify(answers)}`);
      expect(answers['400']).toBeGreaterThan(0);
    });

    test('signed calls over the quota, and sends, with six keys', async () => {
      const crowd = await createTenant(use(), 'signers');
      await setQuota(use, crowd, 'queues', 1);
      await crowd.ask('POST', '/queues', { name: 'jobs' });
      const keys = await keysOf(crowd, 6);
      const QueueUrl = `${use().awsAddress}/${crowd.tenantId}/jobs`;
      const floods = await Promise.all(
        keys.flatMap((key) => [
          signed(use, key, new CreateQueueCommand({ QueueName: 'one-more' })),
          signed(use, key, new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
        ]),
      );
      let answers: Answers = {};
      await attackBeside(beside(), 'signed calls', async (ended) => {
        answers = await flood(floods, ended);
      });
      console.info(`answers: ${JSON.stringify(answers)}`);
      expect(answers['200']).toBeGreaterThan(0);
      expect(answers['403']).toBeGreaterThan(0);
    });
  });
}

interface Key {
  readonly key: string;
  readonly aws_access_key_id: string;
  readonly aws_secret_access_key: string;
}

const keysOf = (client: Client, count: number): Promise<Key[]> =>
  Promise.all(
    Array.from(
      { length: count },
      (_, nth) => client.ask('POST', '/auth/keys', { name: `flood-${nth}` }) as Promise<Key>,
    ),
  );

const setQuota = (use: Use, { tenantId }: Client, resource: string, max: number) =>
  use().query(
    `insert into quotas (tenant_id, resource, max) values ($1, $2, $3)
     on conflict (tenant_id, resource) do update set max = excluded.max`,
    [tenantId, resource, max],
  );

/** A request as the AWS SDK signs it, to be sent again and again: a signature is good for minutes. */
async function signed(use: Use, key: Key, command: CreateQueueCommand | SendMessageCommand): Promise<Flood> {
  let kept: Flood | undefined;
  const client = new SQSClient({
    endpoint: use().awsAddress,
    region: 'us-east-1',
    credentials: { accessKeyId: key.aws_access_key_id, secretAccessKey: key.aws_secret_access_key },
    maxAttempts: 1,
    requestHandler: {
      handle: async ({
        method,
        path,
        headers,
        body,
      }: Record<'method' | 'path' | 'body', string> & { headers: Flood['headers'] }) => {
        kept = { url: `${use().awsAddress}${path}`, method, headers, body: Buffer.from(body).toString(), clients: 17 };
        throw new Error('kept');
      },
    },
  });
  await client.send(command as SendMessageCommand).catch(() => undefined);
  if (!kept) throw new Error('the SDK signed nothing');
  return kept;
}
