import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, it, onTestFinished } from 'vitest';
import { awsClient, ec2Client, makeAwsKey } from '../testing/aws-clients.ts';
import { eventually } from '../testing/seed.ts';
import { setUpApi } from '../testing/set-up-api.ts';

const { api, owner } = await setUpApi();
const key = await makeAwsKey(api, owner);
const MIB = 1 << 20;
const bytesHeld = async () =>
  Number(/thecloud_http_body_bytes (\d+)/.exec(await api.metrics.prometheus.metrics())?.[1]);

/** A request that announces a body and sends none of it. */
function announce(url: string, lines: readonly string[]): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

const form = ['content-type: application/x-www-form-urlencoded', `content-length: ${MIB / 4}`, 'host: localhost'];
const unsigned = () => announce(api.awsUrl, ['POST / HTTP/1.1', ...form]);
/** Signed by the name of a key only: how good the signature is depends on the body. */
const named = () => {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${key.accessKeyId}/${stamp.slice(0, 8)}/us-east-1/ec2/aws4_request`;
  return announce(api.awsUrl, [
    'POST / HTTP/1.1',
    ...form,
    `x-amz-date: ${stamp}`,
    `authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
  ]);
};
const firstLineOf = async (socket: Socket) => String((await once(socket, 'data'))[0]);

it('bodies of strangers at the AWS door are bounded before they are read, and without a signature refused', async () => {
  const open = Array.from({ length: 32 }, named);
  await eventually('all are counted', async () => (await bytesHeld()) === 8 * MIB);
  expect(await firstLineOf(unsigned())).toMatch(/^HTTP\/1\.1 403 [^]*MissingAuthenticationToken/);
  expect(await firstLineOf(named())).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*RequestLimitExceeded/i);
  // Somebody whose key was good from here is not one of them.
  open[0]!.destroy();
  await eventually('one is given back', async () => (await bytesHeld()) === 7.75 * MIB);
  await ec2Client(api, key).send(new DescribeVpcsCommand({}));
  open.push(named());
  await eventually('another takes its place', async () => (await bytesHeld()) === 8 * MIB);
  await ec2Client(api, key).send(new DescribeVpcsCommand({}));
  for (const socket of open) socket.destroy();
  await eventually('all is given back', async () => (await bytesHeld()) === 0);
});

it('bodies at the REST door are counted with the others, and given back', async () => {
  const login = announce(api.url, [
    'POST /auth/login HTTP/1.1',
    'host: localhost',
    'content-type: application/json',
    'content-length: 100',
  ]);
  const create = announce(api.url, [
    'POST /vpcs HTTP/1.1',
    'host: localhost',
    `x-api-key: ${owner.key}`,
    'content-type: application/json',
    'transfer-encoding: chunked',
  ]);
  await eventually('both are counted', async () => (await bytesHeld()) === 100 + 4096);
  login.destroy();
  create.write('2\r\n{}\r\n0\r\n\r\n');
  expect(await firstLineOf(create)).toMatch(/^HTTP\/1\.1 400 /);
  await eventually('both are given back', async () => (await bytesHeld()) === 0);
});

it('a service takes bodies as large as its own: the largest message of SQS, which JSON makes twice as long', async () => {
  const sqs = awsClient('sqs', api, key);
  const Attributes = { MaximumMessageSize: String(MIB) };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'large', Attributes }));
  const MessageBody = '"'.repeat(MIB);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Messages?.[0]?.Body === MessageBody).toBe(true);
  const tooMuch = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '"'.repeat(2 * MIB) }));
  await expect(tooMuch).rejects.toMatchObject({ $metadata: { httpStatusCode: 413 } });
});
