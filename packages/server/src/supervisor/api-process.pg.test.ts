import { get } from 'node:http';
import { hostname } from 'node:os';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { ec2Client, stsClient } from '../testing/aws-clients.ts';
import { setUpApiProcesses } from './testing/api-processes.ts';

const processes = await setUpApiProcesses();
const life = await processes.start();

test('the API, from its bundle, says where its doors are; AWS clients find its models', {
  timeout: 60_000,
}, async () => {
  const bundle = await processes.bundle();
  const [address] = life.addresses;
  const post = async (path: string, body: object, key?: string) => {
    const answer = await fetch(`${address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key ? { 'x-api-key': key } : {}) },
      body: JSON.stringify(body),
    });
    return ((await answer.json()) as { data: any }).data;
  };
  const login = { email: 'ann@example.com', password: 'correct horse battery staple' };
  const user = await post('/auth/register', { ...login, name: 'Ann' });
  const { api_key: session } = await post('/auth/login', login);
  const made = await post('/auth/keys', { name: 'aws' }, session);
  const door = { awsUrl: life.awsAddress! };
  const key = { accessKeyId: made.aws_access_key_id, secretAccessKey: made.aws_secret_access_key };
  expect(await stsClient(door, key).send(new GetCallerIdentityCommand())).toMatchObject({ UserId: user.id });
  expect((await ec2Client(door, key).send(new DescribeVpcsCommand())).Vpcs).toEqual([]);
  expect(await processes.bundle()).toBe(bundle);
});

test('the API is known by the names in its settings and of its machine, and by no other', async () => {
  const statusFor = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      get(`${life.addresses[0]}/health/live`, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject);
    });
  for (const name of ['cloud.lan', 'cloud.example.com:443', `${hostname()}:8080`, 'localhost', '127.0.0.1'])
    expect([name, await statusFor(name)]).toEqual([name, 200]);
  for (const name of ['example.com', 'other.lan', `${hostname()}.example.com`])
    expect([name, await statusFor(name)]).toEqual([name, 421]);
});
