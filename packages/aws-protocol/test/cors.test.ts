import { afterAll, expect, it } from 'vitest';
import { AwsError, type CorsRule, loadModel, serve, type ServerOptions } from '../src/index.ts';
import { start } from './support/harness.ts';

const PAGE = 'https://app.example.org';
const rules: readonly CorsRule[] = [
  { AllowedOrigins: ['*'], AllowedMethods: ['GET'], MaxAgeSeconds: 60 },
  {
    AllowedOrigins: ['https://*.example.org'],
    AllowedMethods: ['PUT', 'POST'],
    AllowedHeaders: ['content-*', 'X-Amz-*', 'authorization'],
    ExposeHeaders: ['ETag', 'x-amz-request-id'],
  },
];

const asked: (string | undefined)[] = [];
const begin = (cors: ServerOptions<string>['cors']) =>
  start(
    [
      serve<typeof import('@aws-sdk/client-s3'), string>(loadModel('s3'), {
        GetObject: () => ({ Body: 'x', ContentLength: 1 }),
      }),
      serve<typeof import('@aws-sdk/client-sqs'), string>(loadModel('sqs'), { ListQueues: () => ({}) }),
    ],
    { allowAnonymous: () => true, ...(cors ? { cors } : {}) },
  );
const byService = await begin({ s3: rules, sqs: [{ ...rules[1]!, AllowedOrigins: [PAGE] }] });
const byBucket = await begin(async (call) => {
  asked.push(`${call.service} ${call.bucket} ${call.operation}`);
  await Promise.resolve();
  if (call.bucket === 'broken') throw new AwsError('SlowDown', 'Reduce your request rate.', { status: 503 });
  return call.bucket === 'open' ? rules : undefined;
});
const without = await begin(undefined);
afterAll(() => Promise.all([byService.close(), byBucket.close(), without.close()]));

const preflight = (url: string, method: string, headers?: string, origin = PAGE) =>
  fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      ...(headers ? { 'access-control-request-headers': headers } : {}),
    },
  });
const cors = (answer: Response) =>
  Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith('access-control-')));

it('a preflight is answered by the first rule that allows it', async () => {
  const put = await preflight(`${byService.url}/b/k`, 'PUT', 'authorization, Content-Type,x-amz-date');
  expect(put.status).toBe(200);
  expect(cors(put)).toEqual({
    'access-control-allow-origin': PAGE,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'PUT, POST',
    'access-control-allow-headers': 'authorization, content-type, x-amz-date',
    'access-control-expose-headers': 'ETag, x-amz-request-id',
  });
  expect(put.headers.get('vary')).toContain('Origin');
  expect(cors(await preflight(`${byService.url}/b/k`, 'GET', undefined, 'http://else.test'))).toEqual({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET',
    'access-control-max-age': '60',
  });
});

it.each([
  ['another origin', 'PUT', 'content-type', 'https://example.org'],
  ['another method', 'DELETE', undefined, PAGE],
  ['another header', 'PUT', 'content-type,x-other', PAGE],
])('a preflight for %s is refused as S3 does', async (_what, method, headers, origin) => {
  const answer = await preflight(`${byService.url}/b/k`, method, headers, origin);
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain('<Code>AccessForbidden</Code>');
  expect(cors(answer)).toEqual({});
});

it('a preflight that cannot tell its service is tried by the rules of all; the call is judged by its own', async () => {
  const wanted = 'content-type,x-amz-target,authorization,x-amz-date';
  expect((await preflight(byService.url, 'POST', wanted)).status).toBe(200);
  const call = (origin: string) =>
    fetch(byService.url, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' },
      body: '{}',
    });
  expect(cors(await call(PAGE))).toMatchObject({ 'access-control-allow-origin': PAGE });
  expect(cors(await call('https://other.example.org'))).toEqual({});
});

it('a page may read answers and refusals alike', async () => {
  const get = (path: string, origin?: string) =>
    fetch(`${byService.url}${path}`, origin ? { headers: { origin } } : {});
  expect(cors(await get('/b/k', PAGE))).toMatchObject({ 'access-control-allow-origin': '*' });
  const refused = await get('/b/k?acl', PAGE);
  expect(refused.status).toBe(501);
  expect(cors(refused)).toMatchObject({ 'access-control-allow-origin': '*' });
  const plain = await get('/b/k');
  expect(cors(plain)).toEqual({});
  expect(plain.headers.get('vary')).toContain('Origin');
});

it('a function is asked with what is known: service, bucket and operation', async () => {
  asked.length = 0;
  expect((await preflight(`${byBucket.url}/open/k`, 'GET')).status).toBe(200);
  const closed = await preflight(`${byBucket.url}/closed/k`, 'GET');
  expect([closed.status, await closed.text()]).toEqual([403, expect.stringContaining('CORS is not enabled')]);
  const answer = await fetch(`${byBucket.url}/open/k`, { headers: { origin: PAGE } });
  expect(cors(answer)).toMatchObject({ 'access-control-allow-origin': '*' });
  expect(asked).toEqual(['s3 open undefined', 's3 closed undefined', 's3 open GetObject']);
});

it('a function that fails refuses a preflight, and leaves an answer as it is', async () => {
  expect((await preflight(`${byBucket.url}/broken/k`, 'GET')).status).toBe(503);
  const answer = await fetch(`${byBucket.url}/broken/k`, { headers: { origin: PAGE } });
  expect([answer.status, await answer.text(), cors(answer)]).toEqual([200, 'x', {}]);
  expect(byBucket.errors).toHaveLength(2);
});

it('without the option nothing of it is answered', async () => {
  const answer = await preflight(`${without.url}/b/k`, 'GET');
  expect([answer.status, cors(answer)]).toEqual([405, {}]);
  expect(cors(await fetch(`${without.url}/b/k`, { headers: { origin: PAGE } }))).toEqual({});
});
