import { describe, expect, it } from 'vitest';
import {
  CloudApiError,
  CloudConnectionError,
  ConflictError,
  createClient,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  QuotaExceededError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
  UnavailableError,
} from './index.ts';
import { backOff } from './retry.ts';
import { type FakeAnswer, startFakeServer } from './testing/fake-server.ts';
import { clientsOfFakeServers, failure, KEY } from './testing/open-client.ts';

const BUSY: FakeAnswer = { status: 503, error: { code: 'UNAVAILABLE', message: 'busy' } };

const open = clientsOfFakeServers();

describe('where a call goes', () => {
  it('sends a create with key, tenant, wait and a fresh Idempotency-Key', async () => {
    const { client, seen } = await open(() => ({ status: 202, data: { id: 'i', status: 'RUNNING' } }), {
      tenantId: 't1',
    });
    const instance = await client.instances.launch({ name: 'web', image: 'busybox', vpc_id: undefined }, { wait: 30 });
    await client.instances.launch({ name: 'web', image: 'busybox' }, { tenantId: 't2', idempotencyKey: 'mine' });
    expect(instance.status).toBe('RUNNING');
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/instances', body: { name: 'web', image: 'busybox' } });
    expect(seen[0]!.query.get('wait')).toBe('30');
    expect(seen[0]!.headers).toMatchObject({
      'x-api-key': KEY,
      'x-tenant-id': 't1',
      'content-type': 'application/json',
    });
    expect(seen[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    expect(seen[1]!.headers).toMatchObject({ 'x-tenant-id': 't2', 'idempotency-key': 'mine' });
  });

  it('puts the id into the path, escaped, and sends no body where there is nothing to say', async () => {
    const { client, seen } = await open(() => ({ data: {} }));
    await client.instances.stop('a/b c', { ifMatch: 4 });
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/instances/a/b c/stop', body: undefined });
    expect(seen[0]!.headers['if-match']).toBe('"4"');
    expect(seen[0]!.headers['content-type']).toBeUndefined();
    await expect(async () => client.instances.stop('')).rejects.toThrow('instances.stop: id is required');
    for (const folder of ['.', '..'])
      await expect(async () => client.instances.delete(folder)).rejects.toThrow(`'${folder}' is not a valid id`);
    expect(seen).toHaveLength(1);
  });

  it('repeats arrays in the query, answers text as text and 204 as nothing', async () => {
    const { client, seen } = await open(({ path }) =>
      path.endsWith('/logs') ? { raw: 'hello\n' } : path.startsWith('/auth/keys') ? { status: 204 } : { data: [] },
    );
    await client.instances.list({ tag: ['a', 'b:c'], limit: 7 });
    expect(seen[0]!.query.toString()).toBe('tag=a&tag=b%3Ac&limit=7');
    expect(await client.instances.logs('web')).toBe('hello\n');
    expect(await client.keys.revoke({ id: 'k' })).toBeUndefined();
  });

  it('reads a stream as it comes, and says where a socket is to be opened', async () => {
    const { client, seen } = await open(({ path }) =>
      path.includes('none') ? { status: 404, error: { code: 'NOT_FOUND', message: 'gone' } } : { raw: 'hello\n' },
    );
    let text = '';
    for await (const chunk of client.instances.logsStream({ id: 'web', follow: true })) text += Buffer.from(chunk);
    expect([text, seen[0]!.query.toString()]).toEqual(['hello\n', 'follow=true']);
    expect(await failure(client.instances.logsStream('none').next())).toBeInstanceOf(CloudApiError);
    const target = client.instances.terminal({ id: 'a b', command: ['sh', '-c', 'x'], rows: 24 }, { tenantId: 't1' });
    expect(target.url).toMatch(/^ws:.*\/instances\/a%20b\/terminal\?command=sh&command=-c&command=x&rows=24$/);
    expect(target.protocols).toEqual(['thecloud.v1', `thecloud.key.${KEY}`, 'thecloud.tenant.t1']);
    expect(seen).toHaveLength(2);
  });

  it('waits for the beginning of a stream no longer than it may, and ends it with the signal', async () => {
    const { client } = await open(() => ({ hang: true }));
    const late = client.instances.logsStream('web', { timeoutMs: 100, retries: 0 });
    expect(await failure(late.next())).toMatchObject({ code: 'timeout' });
    const leaving = new AbortController();
    const left = client.instances.logsStream('web', { signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error('enough')), 50);
    expect(await failure(left.next())).toMatchObject({ message: 'enough' });
  });

  it('sends every name as it is, and none that would be sent as another', async () => {
    const { client, seen } = await open(() => ({ data: {} }));
    const names = [
      'a/b',
      '../x',
      '%2e%2e',
      '..%2f',
      '?a=b#c',
      '__proto__',
      'constructor',
      '-x',
      ' ',
      '龍',
      '\\',
      ':id',
    ];
    for (const name of names) await client.vpcs.get(name);
    expect(seen.map(({ path }) => path)).toEqual(names.map((name) => `/vpcs/${name}`));
    const half = 'vpcs.get: id contains half a surrogate pair; remove it';
    await expect(async () => client.vpcs.get('a\ud800')).rejects.toThrow(half);
    await expect(async () => client.instances.list({ tag: ['\udc00'] })).rejects.toThrow(
      /tag contains half a surrogate/,
    );
    expect(seen).toHaveLength(names.length);
  });

  it('refuses an endpoint that is none', () => {
    expect(() => createClient({ endpoint: 'localhost:8080' })).toThrow(
      "endpoint 'localhost:8080' must begin with http://",
    );
    expect(() => createClient({ endpoint: 'here' })).toThrow("endpoint 'here' is not a URL");
  });
});

describe('errors', () => {
  it('carry code, status, message and request id', async () => {
    const { client } = await open(() => ({
      status: 404,
      error: { code: 'NOT_FOUND', message: "instance 'x' does not exist" },
    }));
    const error = await failure(client.instances.get('x'));
    expect(error).toBeInstanceOf(CloudApiError);
    expect(error).toMatchObject({
      code: 'NOT_FOUND',
      status: 404,
      message: "instance 'x' does not exist",
      requestId: 'request-1',
    });
  });

  it('tell when it is not our server that answers', async () => {
    const { client } = await open(({ path }) => ({ status: path === '/vpcs' ? 502 : 200, raw: '<html>' }));
    expect(await failure(client.vpcs.list({}, { retries: 0 }))).toMatchObject({
      code: 'UNEXPECTED_ANSWER',
      status: 502,
    });
    expect(await failure(client.instances.get('x'))).toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 200 });
  });

  it('do not follow a redirect with the key', async () => {
    const { client, seen } = await open(() => ({ status: 302, raw: '', headers: { location: '/vpcs' } }), {
      retries: 0,
    });
    expect(await failure(client.instances.list())).toBeInstanceOf(CloudConnectionError);
    expect(seen).toHaveLength(1);
  });

  it('name the address that nobody listens at', async () => {
    const gone = await startFakeServer(() => ({}));
    await gone.stop();
    const client = createClient({ endpoint: gone.endpoint, retries: 1, retryDelayMs: 1 });
    const error = await failure(client.auth.me());
    expect(error).toBeInstanceOf(CloudConnectionError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', message: `${gone.endpoint} cannot be reached (ECONNREFUSED)` });
  });
});

describe('errors', () => {
  it('are of the class of their status and code, with the request and the time to wait', async () => {
    const seen: [status: number, code: string, Class: typeof CloudApiError, name: string][] = [
      [400, 'INVALID_INPUT', InvalidInputError, 'InvalidInputError'],
      [401, 'UNAUTHORIZED', UnauthorizedError, 'UnauthorizedError'],
      [403, 'FORBIDDEN', ForbiddenError, 'ForbiddenError'],
      [404, 'NOT_FOUND', NotFoundError, 'NotFoundError'],
      [409, 'INSTANCE_NOT_RUNNING', ConflictError, 'ConflictError'],
      [429, 'QUOTA_EXCEEDED', QuotaExceededError, 'QuotaExceededError'],
      [429, 'RATE_LIMITED', RateLimitedError, 'RateLimitedError'],
      [500, 'INTERNAL', ServerError, 'ServerError'],
      [503, 'ENGINE_UNAVAILABLE', UnavailableError, 'UnavailableError'],
      [418, 'NEW', CloudApiError, 'CloudApiError'],
    ];
    const { client } = await open(
      (_, nth) => ({
        status: seen[nth - 1]![0],
        error: { code: seen[nth - 1]![1], message: 'so it is' },
        headers: { 'retry-after': '7' },
      }),
      { retries: 0 },
    );
    for (const [nth, [status, code, Class, name]] of seen.entries()) {
      const error = await failure(client.vpcs.list());
      expect(error).toBeInstanceOf(CloudApiError);
      expect((error as object).constructor).toBe(Class);
      expect(error).toMatchObject({ name, status, code, message: 'so it is', requestId: `request-${nth + 1}` });
      expect(error).toMatchObject({ retryAfter: 7 });
    }
  });

  it('of something else than the platform are of no class, so that its 404 is not taken for a missing resource', async () => {
    const { client } = await open(() => ({ status: 404, raw: '<html>' }));
    const error = await failure(client.instances.waitUntilGone('web'));
    expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 404, name: 'CloudApiError' });
    expect(error).not.toBeInstanceOf(NotFoundError);
  });
});

describe('repetition', () => {
  it('repeats reads after 503 and broken connections', async () => {
    const { client, seen } = await open((_, nth) =>
      nth === 1 ? BUSY : nth === 2 ? { destroy: true } : { data: [{ id: 'a' }] },
    );
    expect((await client.vpcs.list()).items).toEqual([{ id: 'a' }]);
    expect(seen).toHaveLength(3);
  });

  it('repeats a create under one Idempotency-Key', async () => {
    const { client, seen } = await open((_, nth) => (nth < 3 ? BUSY : { status: 201, data: { id: 'v' } }));
    expect(await client.vpcs.create({ name: 'main' })).toEqual({ id: 'v' });
    const keys = seen.map((request) => request.headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(3);
  });

  it('repeats what takes an Idempotency-Key with the same one, and no other write', async () => {
    const { client, seen } = await open(() => BUSY);
    expect(await failure(client.instances.exec({ id: 'web', command: ['true'] }))).toMatchObject({ status: 503 });
    expect(seen).toHaveLength(1);
    expect(await failure(client.instances.delete('web'))).toMatchObject({ status: 503 });
    expect(seen.length).toBeGreaterThan(2);
    const keys = seen.slice(1).map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it('ends after its bound', async () => {
    const { client, seen } = await open(() => BUSY, { retries: 2 });
    expect(await failure(client.vpcs.list())).toMatchObject({ code: 'UNAVAILABLE' });
    expect(seen).toHaveLength(3);
  });

  it('does not repeat a full quota, nor what a later try cannot mend', async () => {
    const { client, seen } = await open(({ path }) =>
      path === '/vpcs'
        ? { status: 429, error: { code: 'QUOTA_EXCEEDED', message: 'full' } }
        : { status: 500, error: { code: 'INTERNAL', message: 'broken' } },
    );
    expect(await failure(client.vpcs.create({ name: 'x' }))).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    expect(await failure(client.instances.list())).toMatchObject({ code: 'INTERNAL' });
    expect(seen).toHaveLength(2);
  });

  it('waits as long as Retry-After says, and gives up on what is too long', async () => {
    const slow = (seconds: string): FakeAnswer => ({
      status: 429,
      error: { code: 'RATE_LIMITED', message: 'slow down' },
      headers: { 'retry-after': seconds },
    });
    const { client, seen } = await open(({ path }, nth) =>
      path === '/instances' ? slow('60') : nth === 1 ? slow('1') : { data: [] },
    );
    const begun = performance.now();
    await client.vpcs.list();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1000);
    expect(await failure(client.instances.list())).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 });
    expect(seen).toHaveLength(3);
  });

  it('doubles the pause, with jitter', () => {
    const error = new CloudApiError('UNAVAILABLE', 503, 'busy');
    const pauses = [0, 1, 2].map((attempt) => [
      backOff(attempt, 200, error, () => 0),
      backOff(attempt, 200, error, () => 1),
    ]);
    expect(pauses).toEqual([
      [100, 200],
      [200, 400],
      [400, 800],
    ]);
    expect(backOff(40, 200, error, () => 1)).toBe(20_000);
  });
});

describe('time', () => {
  it('ends a call at its deadline, and says so', async () => {
    const { client, seen } = await open(() => ({ hang: true }), { timeoutMs: 60 });
    expect(await failure(client.vpcs.list())).toMatchObject({ name: 'CloudConnectionError', code: 'timeout' });
    expect(seen).toHaveLength(1);
  });

  it('adds wait and the time of a command to the deadline', async () => {
    const late = (answer: FakeAnswer) => new Promise<FakeAnswer>((resolve) => setTimeout(() => resolve(answer), 150));
    const { client } = await open(() => late({ data: { exit_code: 3 } }), { timeoutMs: 50 });
    expect((await client.instances.exec({ id: 'web', command: ['false'] })).exit_code).toBe(3);
    await client.instances.get('web', { wait: 1 });
    expect(await failure(client.instances.get('web'))).toMatchObject({ code: 'timeout' });
  });

  it('ends at once when the signal says so, also in a pause between two tries', async () => {
    const { client, seen } = await open(() => ({ ...BUSY, headers: { 'retry-after': '15' } }));
    const stop = new AbortController();
    const call = failure(client.vpcs.list({}, { signal: stop.signal }));
    setTimeout(() => stop.abort(new Error('enough')), 50);
    const begun = performance.now();
    expect(await call).toMatchObject({ message: 'enough' });
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(seen).toHaveLength(1);
  });
});
