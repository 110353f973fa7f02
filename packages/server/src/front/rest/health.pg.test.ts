import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { createLiveClient } from '../../live/client.ts';
import { serveLive } from '../../live/server.ts';
import { createMetrics } from '../../kernel/metrics.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { createChanges } from '../../services/identity/changes.ts';
import { createAuthenticator } from '../../services/identity/index.ts';
import { createQuietNotifier } from '../../testing/seed.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { createRates } from '../limits.ts';
import { createProcessorShares } from '../processor-shares.ts';
import { createHeldBytes } from '../held-bytes.ts';
import { createUnderWay, createUntaken } from '../under-way.ts';
import { createHostChecks } from './host-checks.ts';
import { createConnections } from '../connections.ts';
import { createRestServer, type RestOptions } from './server.ts';
import { createWaiter } from './waiter.ts';

const { api, owner, database: test } = await setUpApi();
const folder = mkdtempSync(join(tmpdir(), 'thecloud-health-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const noWorker = createLiveClient(join(folder, 'nowhere.sock'));
afterAll(() => noWorker.stop());

const RATE = { perSecond: 100, burst: 100 };
const serve = (options: Partial<RestOptions> = {}) =>
  createRestServer({
    registry: api.registry,
    execute: api.execute,
    authenticator: {
      authenticate: () => Promise.reject(new Error('not here')),
      judge: () => ({ kind: 'anonymous' }),
      stop: async () => undefined,
      forget: () => undefined,
      changes: createChanges(systemClock, 1_000),
      findTenant: async () => undefined,
    },
    live: noWorker,
    waiter: createWaiter(createQuietNotifier(), systemClock),
    clock: systemClock,
    log: memoryLog([]),
    metrics: createMetrics(),
    checks: {},
    limits: createRates(systemClock, { perKey: RATE, perAddress: { perSecond: 1, burst: 1 } }),
    shares: createProcessorShares(systemClock, createMetrics()),
    underWay: createUnderWay(),
    heldBytes: createHeldBytes(systemClock, createMetrics()),
    untaken: createUntaken(systemClock, createMetrics()),
    connections: createConnections({ metrics: createMetrics() }),
    testMode: true,
    ...options,
  });

const IDLE = { handlers: {}, registry: { entries: new Map() }, log: memoryLog([]) };

describe('health', () => {
  it('is up while it can serve, and says what is down', async () => {
    expect((await api.send('GET', '/health/live')).status).toBe(200);
    for (const path of ['/health', '/health/ready'])
      expect(JSON.parse((await api.send('GET', path)).text)).toMatchObject({
        status: 'UP',
        checks: { database_primary: 'UP' },
      });
    const ill = serve({
      checks: {
        fine: async () => undefined,
        broken: () => Promise.reject(new Error('no disk')),
        odd: () => Promise.reject('text'),
      },
    });
    const answer = await ill.inject('/health');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      status: 'DEGRADED',
      checks: { fine: 'UP', broken: 'DOWN: no disk', odd: 'DOWN: text' },
    });
    expect((await ill.inject('/health/live')).statusCode).toBe(200);
    await ill.close();
  });

  it("shows why a part is down on loopback and to the operator's key, and to nobody else", async () => {
    const authenticator = createAuthenticator({ database: api.database, clock: systemClock, log: memoryLog([]) });
    const why = 'Incus does not answer at /srv/cloud/incus/unix.socket';
    const server = serve({
      authenticator,
      checks: { fine: async () => undefined },
      parts: { engine: () => Promise.reject(new Error(why)) },
      limits: createRates(systemClock, {
        perKey: { perSecond: 100, burst: 100 },
        perAddress: { perSecond: 100, burst: 100 },
      }),
    });
    const operator = await api.makeActor({ platformRole: 'admin' });
    const from = async (remoteAddress: string, headers: Record<string, string> = {}) => {
      const { status, checks } = (await server.inject({ url: '/health', remoteAddress, headers })).json();
      return [status, checks.fine, checks.engine];
    };
    const full = ['DEGRADED', 'UP', `DOWN: ${why}`];
    const short = ['DEGRADED', 'UP', 'DOWN'];
    expect(await from('127.0.0.1')).toEqual(full);
    expect(await from('10.0.0.7', { 'x-api-key': operator.key })).toEqual(full);
    expect(await from('10.0.0.7')).toEqual(short);
    expect(await from('127.0.0.1', { 'x-forwarded-for': '10.0.0.7' })).toEqual(short);
    expect(await from('10.0.0.7', { 'x-api-key': owner.key })).toEqual(short);
    expect(await from('10.0.0.7', { 'x-api-key': `thecloud_${'0'.repeat(32)}` })).toEqual(short);
    await authenticator.stop();
    await server.close();
  });

  it('takes a check that does not answer for down', async () => {
    const slow = serve({ checks: { slow: () => new Promise(() => undefined) } });
    const answer = await slow.inject('/health/ready');
    expect(answer.json().checks.slow).toMatch(/no answer within 2000 ms/);
    await slow.close();
  });

  it('reports a dead worker and a missing engine, and still serves', async () => {
    const operator = openDatabase({ connectionString: test.operatorUrl, min: 0 });
    onTestFinished(() => operator.close());
    const server = serve({
      checks: { database_primary: async () => void (await api.database.query('health.ping', 'select 1 as ok')) },
      parts: createHostChecks(api.database, operator),
    });
    const ready = async () => {
      const answer = await server.inject('/health/ready');
      return { code: answer.statusCode, ...(answer.json() as { status: string; checks: Record<string, string> }) };
    };
    const setHost = (set: string) => api.owner.query(`update hosts set ${set} where id = $1`, [api.hostId]);
    await setHost(`last_seen_at = now(), state = 'up'`);
    expect(await ready()).toMatchObject({
      code: 200,
      status: 'UP',
      checks: { database_primary: 'UP', worker: 'UP', engine: 'UP', storage: 'UP' },
    });
    await setHost(`state_reason = 'the storage pool has 1 GiB left'`);
    expect(await ready()).toMatchObject({
      code: 200,
      status: 'DEGRADED',
      checks: { engine: 'UP', storage: 'DOWN: the storage pool has 1 GiB left' },
    });
    const { rows: before } = await api.owner.query('select disk_gb from hosts where id = $1', [api.hostId]);
    await setHost(`state_reason = null, disk_gb = promised_disk_gb - 3, overcommit_disk = 1`);
    expect((await ready()).checks.storage).toBe('DOWN: 3 GB more are promised to instances than the disk has left');
    await setHost(`disk_gb = ${before[0].disk_gb}`);
    await setHost(`state = 'unavailable', state_reason = 'no Incus here'`);
    expect(await ready()).toMatchObject({
      code: 200,
      status: 'DEGRADED',
      checks: { worker: 'UP', engine: 'DOWN: no Incus here' },
    });
    await setHost(`last_seen_at = now() - interval '90 s', state = 'up'`);
    expect(await ready()).toMatchObject({
      code: 200,
      status: 'DEGRADED',
      checks: {
        database_primary: 'UP',
        worker: expect.stringMatching(/^DOWN: no worker has reported for 9\d s/),
        engine: expect.stringMatching(/^DOWN: no worker/),
      },
    });
    // A host that left for good does not make one that is there ill.
    const { rows } = await api.owner.query<{ id: string }>(
      `insert into hosts (name, vcpus, memory_mb, disk_gb, last_seen_at) values ($1, 1, 1, 1, now()) returning id`,
      [uniqueWord()],
    );
    expect((await ready()).status).toBe('UP');
    await api.owner.query('delete from hosts where id = $1', [rows[0]!.id]);
    await api.owner.query('update hosts set last_seen_at = null where id = $1', [api.hostId]);
    expect((await ready()).checks.worker).toBe('DOWN: no worker has reported yet');
    await setHost('last_seen_at = now()');
    await server.close();
  });
});

describe('a server that ends', () => {
  it('serves what was on its way already, in the envelope, and then closes', async () => {
    const server = serve();
    const { hostname, port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(port), hostname);
    let got = '';
    socket.on('data', (chunk) => {
      got += String(chunk);
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('GET /vpcs HTTP/1.1\r\nHost: localhost\r\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ending = server.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write('\r\n');
    await Promise.all([closed, ending]);
    expect(got).toContain('HTTP/1.1 401');
    expect(got).toContain('"code":"UNAUTHORIZED"');
  });
});

describe('a database that is away', () => {
  it('is told as 503, also where the key is looked up', async () => {
    const lines: string[] = [];
    const database = openDatabase({ connectionString: 'postgres://nobody@127.0.0.1:1/none', min: 0 });
    const authenticator = createAuthenticator({ database, clock: systemClock, log: memoryLog(lines) });
    const server = serve({
      authenticator,
      checks: { database_primary: async () => void (await database.query('health.ping', 'select 1 as ok')) },
      parts: createHostChecks(database, database),
    });
    const answer = await server.inject({ url: '/vpcs', headers: { 'x-api-key': owner.key } });
    expect(answer.statusCode).toBe(503);
    expect(answer.json().error.code).toBe('UNAVAILABLE');
    expect(answer.headers['retry-after']).toBe('5');
    const ready = await server.inject('/health/ready');
    expect(ready.statusCode).toBe(503);
    expect(Object.keys(ready.json().checks)).toEqual(['database_primary', 'worker', 'engine', 'storage', 'work']);
    await authenticator.stop();
    await database.close();
    await server.close();
  });
});

describe('metrics', () => {
  it('are shown on loopback, with routes and no ids', async () => {
    await api.send('GET', `/vpcs/${uniqueWord()}`, { key: owner.key });
    await api.send('GET', `/nowhere/${uniqueWord()}`);
    const text = (await api.send('GET', '/metrics')).text;
    expect(text).toContain('thecloud_http_requests_total{method="GET",path="/vpcs/:id",status="404"}');
    expect(text).toContain('path="none",status="404"');
    expect(text).toMatch(/thecloud_auth_attempts_total\{result="success"\} \d+/);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it("are shown to the operator's key from anywhere, to nobody else", async () => {
    const authenticator = createAuthenticator({ database: api.database, clock: systemClock, log: memoryLog([]) });
    const server = serve({ authenticator });
    const operator = await api.makeActor({ platformRole: 'admin' });
    const from = async (remoteAddress: string, headers: Record<string, string> = {}) =>
      (await server.inject({ url: '/metrics', remoteAddress, headers })).statusCode;
    expect(await from('10.0.0.7')).toBe(403);
    expect(await from('10.0.0.7', { 'x-api-key': owner.key })).toBe(403);
    expect(await from('10.0.0.7', { 'x-api-key': `thecloud_${'0'.repeat(32)}` })).toBe(401);
    expect(await from('10.0.0.7', { 'x-api-key': operator.key })).toBe(200);
    expect(await from('10.0.0.7', { authorization: `Bearer ${operator.key}` })).toBe(200);
    const passedOn = { 'x-forwarded-for': '10.0.0.7' };
    expect(await from('127.0.0.1', passedOn)).toBe(403);
    expect(await from('127.0.0.1', { ...passedOn, 'x-api-key': operator.key })).toBe(200);
    expect(await from('127.0.0.1')).toBe(200);
    await authenticator.stop();
    await server.close();
  });

  it('are refused to who comes through a proxy, trusted or not', async () => {
    for (const trustedProxies of [[], ['127.0.0.1', '10.0.0.0/8']]) {
      const server = serve({ trustedProxies });
      for (const headers of [
        { 'x-forwarded-for': '203.0.113.5' },
        { 'x-forwarded-for': '127.0.0.1' },
        { 'x-forwarded-for': '127.0.0.1, 10.0.0.9' },
        { forwarded: 'for=127.0.0.1' },
      ])
        for (const remoteAddress of ['127.0.0.1', '10.0.0.7'])
          expect((await server.inject({ url: '/metrics', remoteAddress, headers })).statusCode).toBe(403);
      expect((await server.inject({ url: '/metrics', remoteAddress: '127.0.0.1' })).statusCode).toBe(200);
      await server.close();
    }
  });

  it('have the worker beside the API, each family once, and say so when it does not answer', async () => {
    const worker = createMetrics('worker');
    worker.pass('vpc', 'settled', 20);
    worker.query('kernel.claim', 3, false);
    const socketPath = join(folder, 'run', 'worker.sock');
    const served = await serveLive({
      socketPath,
      ...IDLE,
      database: api.database,
      metrics: () => worker.prometheus.getMetricsAsJSON(),
    });
    const live = createLiveClient(socketPath);
    const metrics = createMetrics('api');
    metrics.query('kernel.claim', 3, false);
    const server = serve({ live, metrics });
    const text = (await server.inject('/metrics')).body;
    expect(text).toContain(
      'thecloud_reconcile_pass_duration_seconds_count{kind="vpc",outcome="settled",process="worker"} 1',
    );
    for (const name of ['api', 'worker'])
      expect(text).toContain(`thecloud_db_query_duration_seconds_count{query="kernel.claim",process="${name}"} 1`);
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    expect(new Set(families).size).toBe(families.length);
    const samples = [...text.matchAll(/^([^#\s].*) \S+$/gm)].map((match) => match[1]);
    expect(new Set(samples).size).toBe(samples.length);
    expect(text).not.toContain('did not answer');
    await served.stop();
    const alone = await server.inject('/metrics');
    expect(alone.statusCode).toBe(200);
    expect(alone.body).toMatch(/^# the worker did not answer/m);
    expect(alone.body).toContain('query="kernel.claim",process="api"');
    await live.stop();
    await server.close();
  });

  it('do not wait long for a worker that hangs', async () => {
    const socketPath = join(folder, 'hangs', 'worker.sock');
    const served = await serveLive({
      socketPath,
      ...IDLE,
      database: api.database,
      metrics: () => new Promise(() => undefined),
    });
    const live = createLiveClient(socketPath);
    const server = serve({ live });
    const began = performance.now();
    expect((await server.inject('/metrics')).body).toMatch(/^# the worker did not answer/m);
    expect(performance.now() - began).toBeLessThan(3500);
    await served.stop();
    await live.stop();
    await server.close();
  });
});

describe('behind a proxy', () => {
  const login = async (server: ReturnType<typeof serve>, remoteAddress: string, forwarded: string) =>
    (
      await server.inject({
        method: 'POST',
        url: '/auth/login',
        remoteAddress,
        headers: { 'x-forwarded-for': forwarded },
        payload: { email: owner.email, password: 'x' },
      })
    ).statusCode;

  it('that is trusted, each caller has an address of its own, for the limits and for the audit', async () => {
    const server = serve({ trustedProxies: ['10.0.0.0/24', '::1'] });
    expect(await login(server, '10.0.0.7', '203.0.113.5')).toBe(401);
    expect(await login(server, '10.0.0.7', '203.0.113.5')).toBe(429);
    // What a caller writes before the proxy does is not believed.
    expect(await login(server, '10.0.0.7', '198.51.100.1, 203.0.113.5')).toBe(429);
    expect(await login(server, '10.0.0.7', '203.0.113.6')).toBe(401);
    const { rows } = await api.owner.query(
      `select ip_address from audit_logs where ip_address like '203.0.113.%' order by 1`,
    );
    expect(rows.map((row) => row.ip_address)).toEqual(['203.0.113.5', '203.0.113.6']);
    // Nor is what is no address: the proxy's own stands for it.
    expect(await login(server, '::1', 'x'.repeat(100))).toBe(401);
    expect(await login(server, '::1', 'y'.repeat(100))).toBe(429);
    await server.close();
  });

  it('that is not trusted, nothing of that', async () => {
    for (const trustedProxies of [undefined, ['10.0.1.0/24']]) {
      const server = serve(trustedProxies ? { trustedProxies } : {});
      expect(await login(server, '10.0.0.7', '203.0.113.7')).toBe(401);
      expect(await login(server, '10.0.0.7', '203.0.113.8')).toBe(429);
      await server.close();
    }
  });
});

describe('documents and failures', () => {
  it('serves the document and its page from here', async () => {
    expect(JSON.parse((await api.send('GET', '/openapi.json')).text).openapi).toBe('3.1.0');
    const page = await api.send('GET', '/docs');
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) {
      expect(part).toMatch(/^\/docs\//);
      expect((await api.send('GET', part)).status).toBe(200);
    }
  });

  it('answers 500 in test mode where a route forgot to decide', async () => {
    const server = serve({});
    server.get('/forgotten', async () => ({ open: true }));
    expect((await server.inject('/forgotten')).statusCode).toBe(500);
    await server.close();
  });

  it('hides what broke, and logs it with the request id', async () => {
    const answer = await api.send('GET', '/auth/me', { key: owner.key, headers: { 'x-request-id': 'breaks-1' } });
    expect(answer.status).toBe(200);
    const key = await api.makeKey(owner);
    await api.owner.query(`revoke execute on function authenticate_keys(text[], uuid[]) from cloud_api`);
    // A key that nobody has used in the last second is looked up.
    const broken = await api.send('GET', '/auth/me', { key, headers: { 'x-request-id': 'breaks-2' } });
    await api.owner.query(`grant execute on function authenticate_keys(text[], uuid[]) to cloud_api`);
    const message = expect.not.stringContaining('authenticate_keys');
    expect(broken).toMatchObject({ status: 500, code: 'INTERNAL', message });
    expect(api.logLines.filter((line) => line.includes('breaks-2')).join()).toContain('permission denied');
  });
});
