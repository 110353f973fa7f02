import { expect, it } from 'vitest';
import { AwsServer, loadModel, Service } from '../src/index.ts';
import { KEY } from './support/harness.ts';
import { sign } from './support/sign.ts';

const model = loadModel('sqs');
const inputs: unknown[] = [];
const server = new AwsServer({
  services: [
    new Service(
      model,
      Object.fromEntries(model.operationNames.map((name) => [name, (input: unknown) => void inputs.push(input)])),
    ),
  ],
  credentials: () => ({ secretAccessKey: KEY.secretAccessKey, principal: undefined }),
});
const form = { 'content-type': 'application/x-www-form-urlencoded', host: 'sqs.example.org:4566' };
const call = async (method: string, url: string, body: string): Promise<unknown> => {
  const { status } = await server.handle(
    sign('sqs', method, url, method === 'POST' ? form : { host: form.host }, Buffer.from(body)),
  );
  return [status, inputs.pop()];
};
const QueueUrl = 'http://sqs.example.org:4566/000000000000/orders';

it.each([
  ['in its body', 'POST', '/000000000000/orders', 'Action=SendMessage&Version=2012-11-05&MessageBody=hi'],
  ['in its query', 'GET', '/000000000000/orders?Action=SendMessage&MessageBody=hi&Version=2012-11-05', ''],
])('an SQS call with its action %s is for the queue that its URL names', async (_where, method, url, body) => {
  expect(await call(method, url, body)).toEqual([200, { QueueUrl, MessageBody: 'hi' }]);
});

it('is for the queue that QueueUrl names, where that is given', async () => {
  const body = `Action=DeleteQueue&Version=2012-11-05&QueueUrl=${encodeURIComponent(`${QueueUrl}-2`)}`;
  expect(await call('POST', '/000000000000/orders', body)).toEqual([200, { QueueUrl: `${QueueUrl}-2` }]);
});

it('names no queue on another URL, or for an action that takes none', async () => {
  expect(await call('POST', '/', 'Action=DeleteQueue&Version=2012-11-05')).toEqual([400, undefined]);
  expect(await call('POST', '/000000000000/orders', 'Action=ListQueues&Version=2012-11-05')).toEqual([200, {}]);
});

it('tells the scheme that the client used', async () => {
  const request = { ...sign('sqs', 'POST', '/0/q', form, Buffer.from('Action=PurgeQueue')), scheme: 'https' as const };
  await server.handle(request);
  expect(inputs.pop()).toEqual({ QueueUrl: 'https://sqs.example.org:4566/0/q' });
});
