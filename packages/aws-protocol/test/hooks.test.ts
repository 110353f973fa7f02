import { createServer } from 'node:http';
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { nodeListener } from '../src/adapters/node-http.ts';
import { AwsError, AwsServer, loadModel, serve, type WireRequest } from '../src/index.ts';
import { KEY, listen } from './support/harness.ts';

const seen: string[] = [];
let refuse: string | undefined;
const requests = new Set<WireRequest>();

const note = (name: string, request: WireRequest, more = '') => {
  requests.add(request);
  seen.push(`${name}${more}`);
  if (refuse === name) throw new AwsError('Throttling', 'Rate exceeded', { headers: { 'retry-after': '7' } });
};
const server = new AwsServer<string>({
  services: [
    serve<typeof import('@aws-sdk/client-sts'), string>(loadModel('sts'), {
      GetCallerIdentity: (_input, { principal }) => ({ UserId: principal ?? '' }),
    }),
  ],
  credentials(id, request) {
    note('credentials', request);
    return id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'me' } : undefined;
  },
  admit: (request, service, isSigned) => note('admit', request, ` ${service}${isSigned ? '' : ' unsigned'}`),
  onVerified: (principal, request, service) => note('verified', request, ` ${principal} ${service}`),
});
const running = await listen(
  createServer(
    nodeListener(server, {
      received: (request) => note('received', request),
      answering: (answer, request) => {
        note('answering', request, ` ${answer.status}`);
        answer.headers['x-note'] = 'noted';
      },
    }),
  ),
);
afterAll(() => running.close());
beforeEach(() => {
  seen.length = 0;
  requests.clear();
  refuse = undefined;
});

const ask = (accessKeyId = KEY.accessKeyId) =>
  new STSClient({
    region: 'us-east-1',
    endpoint: running.url,
    credentials: { ...KEY, accessKeyId },
    maxAttempts: 1,
  }).send(new GetCallerIdentityCommand());

it('every step is told of the same request, in order', async () => {
  expect((await ask()).UserId).toBe('me');
  expect(seen).toEqual(['received', 'admit sts', 'credentials', 'verified me sts', 'answering 200']);
  expect(requests.size).toBe(1);
});

it.each([
  ['admit', ['received', 'admit sts', 'answering 400']],
  ['credentials', ['received', 'admit sts', 'credentials', 'answering 400']],
  ['verified', ['received', 'admit sts', 'credentials', 'verified me sts', 'answering 400']],
])('what %s throws is the answer, in the form of the service', async (step, steps) => {
  refuse = step;
  await expect(ask()).rejects.toMatchObject({ name: 'Throttling', message: 'Rate exceeded' });
  expect(seen).toEqual(steps);
});

it('a bad signature is not told as a good one', async () => {
  await expect(ask('AKIDUNKNOWN')).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  expect(seen).toEqual(['received', 'admit sts', 'credentials', 'answering 403']);
});

it('a request without a signature is told as one', async () => {
  expect((await fetch(`${running.url}/?Action=GetCallerIdentity&Version=2011-06-15`)).status).toBe(403);
  expect(seen).toEqual(['received', 'admit sts unsigned', 'answering 403']);
});

it('headers that cannot be taken are refused; that request is told of too, and its answer may be added to', async () => {
  const { request } = await import('node:http');
  const answer = await new Promise<{ status: number | undefined; note: unknown }>((resolve, reject) => {
    request(
      running.url,
      {
        headers: [
          ['host', 'x'],
          ['x-amz-date', '1'],
          ['x-amz-date', '2'],
        ].flat(),
      },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode, note: response.headers['x-note'] });
      },
    )
      .on('error', reject)
      .end();
  });
  expect(answer).toEqual({ status: 400, note: 'noted' });
  expect(seen).toEqual(['received', 'answering 400']);
});
