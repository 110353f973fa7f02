import { createServer } from 'node:http';
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { nodeListener } from '../src/adapters/node-http.ts';
import {
  AwsError,
  AwsServer,
  type Call,
  loadModel,
  type Outcome,
  Refusal,
  serve,
  type WireRequest,
} from '../src/index.ts';
import { KEY, listen } from './support/harness.ts';

const seen: string[] = [];
let refuse: string | undefined;
let forbid = false;
const requests = new Set<WireRequest>();

const note = (name: string, request: WireRequest, more = '') => {
  requests.add(request);
  seen.push(`${name}${more}`);
  if (refuse === name) throw new AwsError('Throttling', 'Rate exceeded', { headers: { 'retry-after': '7' } });
};
const calls = new Set<Call<string>>();
const outcomes: Outcome[] = [];
const told = (name: string, call: Call<string>, more = '') => {
  calls.add(call);
  note(name, call.request, more);
};
const server = new AwsServer<string>({
  services: [
    serve<typeof import('@aws-sdk/client-sts'), string>(loadModel('sts'), {
      GetCallerIdentity: (_input, { principal }) => ({ UserId: principal ?? '' }),
      GetSessionToken: () => {
        throw new Error('a fault of the handler');
      },
    }),
  ],
  credentials(id, request) {
    note('credentials', request);
    return id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'me' } : undefined;
  },
  admit: (call) => told('admit', call, ` ${call.service}${call.isSigned ? '' : ' unsigned'}`),
  onVerified: (call) => told('verified', call, ` ${call.principal} ${call.service}`),
  authorize: async (call, input) => {
    await Promise.resolve();
    told('authorize', call, ` ${call.principal} ${call.service} ${call.operation} ${call.region}`);
    if (forbid) throw new Refusal('accessDenied', `${call.principal} may not: ${JSON.stringify(input)}`);
  },
  onAnswer(call, outcome) {
    told('answer', call, ` ${outcome.failure?.reason ?? outcome.failure?.code ?? 'ok'}`);
    outcomes.push(outcome);
  },
  onError: (error, call) => told('error', call, ` ${(error as Error).message}`),
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
  forbid = false;
  calls.clear();
  outcomes.length = 0;
});

const client = (accessKeyId = KEY.accessKeyId) =>
  new STSClient({
    region: 'us-east-1',
    endpoint: running.url,
    credentials: { ...KEY, accessKeyId },
    maxAttempts: 1,
  });
const ask = (accessKeyId?: string) => client(accessKeyId).send(new GetCallerIdentityCommand());

it('every step is told of the same request, in order', async () => {
  expect((await ask()).UserId).toBe('me');
  expect(seen).toEqual([
    'received',
    'admit sts',
    'credentials',
    'verified me sts',
    'authorize me sts GetCallerIdentity us-east-1',
    'answer ok',
    'answering 200',
  ]);
  expect(requests.size).toBe(1);
  expect(calls.size).toBe(1);
  expect(outcomes).toEqual([{ status: 200, failure: undefined }]);
});

it.each([
  ['admit', ['received', 'admit sts', 'answer Throttling', 'answering 400']],
  ['credentials', ['received', 'admit sts', 'credentials', 'answer Throttling', 'answering 400']],
  ['verified', ['received', 'admit sts', 'credentials', 'verified me sts', 'answer Throttling', 'answering 400']],
])('what %s throws is the answer, in the form of the service', async (step, steps) => {
  refuse = step;
  await expect(ask()).rejects.toMatchObject({ name: 'Throttling', message: 'Rate exceeded' });
  expect(seen).toEqual(steps);
});

it('who is not authorised is refused in the words of the service, and the handler does not run', async () => {
  forbid = true;
  await expect(client().send(new GetSessionTokenCommand({ DurationSeconds: 900 }))).rejects.toMatchObject({
    name: 'AccessDenied',
    message: 'me may not: {"DurationSeconds":900}',
    $metadata: { httpStatusCode: 403 },
  });
  expect(seen.at(-2)).toBe('answer accessDenied');
  const [call] = calls;
  expect(call).toMatchObject({
    service: 'sts',
    operation: 'GetSessionToken',
    principal: 'me',
    accessKeyId: KEY.accessKeyId,
  });
});

it('a fault of the handler is told with its error, which the caller does not see', async () => {
  await expect(client().send(new GetSessionTokenCommand({}))).rejects.toMatchObject({ name: 'InternalFailure' });
  expect(seen.slice(-3)).toEqual(['error a fault of the handler', 'answer internal', 'answering 500']);
  expect(outcomes[0]?.failure?.error).toMatchObject({ message: 'a fault of the handler' });
});

it('a hook that fails while it is told of an answer does not change the answer', async () => {
  refuse = 'answer';
  expect((await ask()).UserId).toBe('me');
  expect(seen.slice(-3)).toEqual(['answer ok', 'error Rate exceeded', 'answering 200']);
});

it('a bad signature is not told as a good one', async () => {
  await expect(ask('AKIDUNKNOWN')).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  expect(seen).toEqual(['received', 'admit sts', 'credentials', 'answer unknownKey', 'answering 403']);
  expect([...calls][0]).toMatchObject({ isSigned: true, principal: undefined });
});

it('a request without a signature is told as one', async () => {
  expect((await fetch(`${running.url}/?Action=GetCallerIdentity&Version=2011-06-15`)).status).toBe(403);
  expect(seen).toEqual(['received', 'admit sts unsigned', 'answer missingAuthentication', 'answering 403']);
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
  expect(seen).toEqual(['received', 'answer malformed', 'answering 400']);
});
