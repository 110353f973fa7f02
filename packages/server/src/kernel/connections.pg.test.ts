import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerOf, eventually, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { memoryLog, uniqueWord } from '../testing/test-api.ts';
import { systemClock } from './clock.ts';
import { EngineError } from './engine-error.ts';
import { lockHost } from './host-lock.ts';
import { newId } from './ids.ts';
import { createLiveClient, type LiveHandlers, serveLive } from './live.ts';
import { startNotifier } from './notifier.ts';
import { prune, RETENTIONS } from './retention.ts';
import type { Call } from './service.ts';
import { issueTicket, redeemTicket } from './ticket.ts';

let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

/** As the role that they are of: the owner may not. */
const endBackends = (applicationName: string) =>
  db.worker.query(
    'test.end_backends',
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1',
    [applicationName],
  );

describe('the notifier', () => {
  const start = (lines: string[] = []) =>
    startNotifier({
      connectionString: db.test.workerUrl,
      channels: ['one', 'two'],
      clock: systemClock,
      log: memoryLog(lines),
    });
  const listening = () =>
    eventually('it listens', async () => {
      const rows = await db.worker.query(
        'test.listening',
        `select 1 as ok from pg_stat_activity
         where datname = current_database() and application_name = 'thecloud-listen' and query like 'listen%' and state = 'idle'`,
      );
      return rows.length === 1;
    });

  it('tells who subscribed to the channel, until they stop', async () => {
    const notifier = start();
    const heard: string[] = [];
    const stop = notifier.subscribe('one', (payload) => heard.push(payload));
    notifier.subscribe('two', (payload) => heard.push(`two ${payload}`));
    await listening();
    await db.owner.query(`select pg_notify('one', 'a')`);
    await eventually('told', () => heard.includes('a'));
    stop();
    await db.owner.query(`select pg_notify('one', 'b'), pg_notify('two', 'c')`);
    await eventually('told', () => heard.includes('two c'));
    expect(heard).not.toContain('b');
    expect(() => notifier.subscribe('three', () => undefined)).toThrow("nobody listens to the channel 'three'");
    await notifier.stop();
  });

  it('connects again after its backend was killed, and says that something may have been missed', async () => {
    const lines: string[] = [];
    const notifier = start(lines);
    const heard: string[] = [];
    notifier.subscribe('one', (payload) => heard.push(payload));
    await listening();
    await eventually('the first word', () => heard.length === 1);
    await endBackends('thecloud-listen');
    await eventually('it is back', () => heard.length === 2);
    expect(heard).toEqual(['', '']);
    expect(lines.join()).toContain('connecting again');
    await db.owner.query(`select pg_notify('one', 'after')`);
    await eventually('told', () => heard.includes('after'));
    await notifier.stop();
  });

  it('stops also while it cannot connect', async () => {
    const lines: string[] = [];
    const notifier = startNotifier({
      connectionString: 'postgres://nobody@127.0.0.1:1/none',
      channels: ['one'],
      clock: systemClock,
      log: memoryLog(lines),
    });
    await eventually('a failure', () => lines.join().includes('cannot listen'));
    const began = performance.now();
    await notifier.stop();
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('stops also while it connects', async () => {
    for (let i = 0; i < 5; i++) {
      const notifier = start();
      await notifier.stop();
    }
    const rows = () =>
      db.worker.query(
        'test.left',
        `select 1 as ok from pg_stat_activity where datname = current_database() and application_name = 'thecloud-listen'`,
      );
    await eventually('no connection is left', async () => (await rows()).length === 0);
  });
});

describe('the lock on a host', () => {
  const lock = (host: string, waitMs: number, signal?: AbortSignal) =>
    lockHost({ connectionString: db.test.workerUrl, host, waitMs, clock: systemClock, ...(signal ? { signal } : {}) });

  it('is held by one, refused to the second after its wait, and given on', async () => {
    const host = uniqueWord();
    const first = await lock(host, 0);
    await expect(lock(host, 250)).rejects.toThrow(`another worker of the host '${host}' is running`);
    const other = await lock(uniqueWord(), 0);
    const waiting = lock(host, 5000);
    await first.release();
    await first.lost;
    const second = await waiting;
    await Promise.all([second.release(), other.release()]);
  });

  it('is free once its holder has died, who learns of it', async () => {
    const host = uniqueWord();
    const first = await lock(host, 0);
    await endBackends('thecloud-host-lock');
    await first.lost;
    const second = await lock(host, 2000);
    await second.release();
  });

  it('is waited for no longer than one wants', async () => {
    const host = uniqueWord();
    const first = await lock(host, 0);
    const ending = new AbortController();
    const waiting = lock(host, 60_000, ending.signal);
    setTimeout(() => ending.abort(new Error('the worker stops')), 50);
    await expect(waiting).rejects.toThrow('the worker stops');
    await first.release();
  });
});

/** What issueTicket needs of a call. */
const issue = (operation: string, spec: object = {}, whose = tenant): Promise<string> =>
  db.api.transaction(whose, (sql) =>
    issueTicket({ sql, ...whose, caller: callerOf(whose) } as unknown as Call, operation, spec),
  );
const redeem = (ticket: string) => db.worker.transaction({ tenantId: '*' }, (sql) => redeemTicket(sql, ticket));

describe('a ticket', () => {
  it('works once, also when shown many times at once, and is kept as a hash', async () => {
    const ticket = await issue('xs.read', { a: 1 });
    const kept = await db.owner.query('select * from stream_tickets');
    expect(JSON.stringify(kept.rows)).not.toContain(ticket);
    const shown = await Promise.all(Array.from({ length: 6 }, () => redeem(ticket)));
    expect(shown.filter(Boolean)).toEqual([
      { tenant_id: tenant.tenantId, user_id: tenant.userId, operation: 'xs.read', spec: { a: 1 } },
    ]);
  });

  it('is worth nothing when expired or made up, and is swept up', async () => {
    const ticket = await issue('xs.read');
    await db.owner.query(`update stream_tickets set expires_at = now() - interval '1 ms'`);
    expect(await redeem(ticket)).toBeUndefined();
    expect(await redeem('made up')).toBeUndefined();
    await issue('xs.read');
    await db.owner.query(`update stream_tickets set expires_at = now() - interval '1 ms'`);
    const fresh = await issue('xs.read');
    const key = (name: string, interval: string) =>
      db.owner.query(
        `insert into idempotency_keys (tenant_id, operation, key, request_hash, expires_at) select $1, 'o', $2 || n, '', now() + $3::interval from generate_series(1, 1001) as n`,
        [tenant.tenantId, name, interval],
      );
    await key('old', '-1 ms');
    await key('new', '1 hour');
    await prune(db.worker, RETENTIONS);
    expect(await redeem(fresh)).toBeDefined();
    const { rows } = await db.owner.query<{ key: string }>('select distinct left(key, 3) as key from idempotency_keys');
    expect(rows).toEqual([{ key: 'new' }]);
    expect((await db.owner.query('select 1 from stream_tickets')).rows).toEqual([]);
  });
});

describe('live calls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thecloud-live-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function open(handlers: LiveHandlers) {
    const lines: string[] = [];
    const socketPath = join(folder, uniqueWord(), 'worker.sock');
    const server = await serveLive({ socketPath, handlers, database: db.worker, log: memoryLog(lines) });
    const client = createLiveClient(socketPath);
    return {
      socketPath,
      lines,
      client,
      stop: async () => {
        await server.stop();
        await client.stop();
      },
    };
  }
  /** Speaks to the socket past our client. */
  const raw = (socketPath: string, headers: Record<string, string>) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      httpRequest({ socketPath, method: 'POST', path: '/live', headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      })
        .on('error', reject)
        .end();
    });

  it('do what the ticket says, once', async () => {
    const live = await open({ 'xs.read': async (ticket) => ({ tenant: ticket.tenant_id, spec: ticket.spec }) });
    const ticket = await issue('xs.read', { id: 'x' });
    expect(await live.client.call(ticket)).toEqual({ tenant: tenant.tenantId, spec: { id: 'x' } });
    await expect(live.client.call(ticket)).rejects.toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    await expect(live.client.call(newId())).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const late = await issue('xs.read');
    await db.owner.query(`update stream_tickets set expires_at = now()`);
    await expect(live.client.call(late)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await live.stop();
  });

  it('are refused without a ticket, and the socket is not for everybody', async () => {
    const live = await open({});
    expect((await raw(live.socketPath, {})).status).toBe(400);
    expect((await raw(live.socketPath, { 'x-ticket': 'garbage' })).status).toBe(401);
    expect(statSync(live.socketPath).mode & 0o777).toBe(0o660);
    expect(statSync(join(live.socketPath, '..')).mode & 0o007).toBe(0);
    await expect(live.client.call(await issue('xs.unknown'))).rejects.toMatchObject({ code: 'INTERNAL' });
    await live.stop();
  });

  it.each([
    ['timeout', 'TIMEOUT', 504],
    ['unavailable', 'ENGINE_UNAVAILABLE', 503],
    ['invalid', 'INVALID_INPUT', 400],
    ['not_found', 'CONFLICT', 409],
    ['failed', 'CONFLICT', 409],
  ] as const)('tell what the engine said: %s', async (kind, code, status) => {
    const live = await open({
      'xs.read': async () => {
        throw new EngineError(kind, `it was ${kind}`);
      },
    });
    await expect(live.client.call(await issue('xs.read'))).rejects.toMatchObject({
      code,
      status,
      message: `it was ${kind}`,
    });
    await live.stop();
  });

  it('hide a bug of ours, and log it', async () => {
    const live = await open({
      'xs.read': async () => {
        throw new TypeError('a bug with secrets');
      },
    });
    await expect(live.client.call(await issue('xs.read'))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'the live call failed',
    });
    expect(live.lines.join()).toContain('a bug with secrets');
    await live.stop();
  });

  it('are refused when too many are under way, at the worker and before it', async () => {
    let inside = 0;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const live = await open({
      'xs.read': async () => {
        inside++;
        await released;
        return 'done';
      },
    });
    const calls: Promise<unknown>[] = [];
    const fill = async (one: Tenant, count: number) => {
      for (let i = 0; i < count; i++) calls.push(live.client.call(await issue('xs.read', {}, one)));
      await eventually('all inside', () => inside === calls.length);
    };
    for (const count of [16, 16, 4, 4, 4, 4, 4, 4, 4, 4]) await fill(await db.makeTenant(), count);
    expect(inside).toBe(64);
    expect((await raw(live.socketPath, { 'x-ticket': 'any' })).status).toBe(503);
    const began = performance.now();
    await expect(live.client.call(await issue('xs.read'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(performance.now() - began).toBeLessThan(1000);
    release();
    expect(await Promise.all(calls)).toEqual(Array(64).fill('done'));
    expect(await live.client.call(await issue('xs.read'))).toBe('done');
    await live.stop();
  });

  it('of one tenant leave room for the others', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let inside = 0;
    const live = await open({
      'xs.read': async () => {
        inside++;
        await released;
        return 'done';
      },
    });
    const tickets = await Promise.all(Array.from({ length: 16 }, () => issue('xs.read')));
    const calls = tickets.map((ticket) => live.client.call(ticket));
    await eventually('all inside', () => inside === 16);
    await expect(live.client.call(await issue('xs.read'))).rejects.toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    const other = live.client.call(await issue('xs.read', {}, await db.makeTenant()));
    await eventually('the other one inside', () => inside === 17);
    // Half of all are taken from here on: who comes now has fewer.
    const greedy = await db.makeTenant();
    for (let i = 0; i < 15; i++) calls.push(live.client.call(await issue('xs.read', {}, greedy)));
    await eventually('half of all inside', () => inside === 32);
    const late = await db.makeTenant();
    for (let i = 0; i < 4; i++) calls.push(live.client.call(await issue('xs.read', {}, late)));
    await eventually('the late ones inside', () => inside === 36);
    for (const one of [greedy, late])
      await expect(live.client.call(await issue('xs.read', {}, one))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    release();
    expect(await Promise.all([...calls, other])).toEqual(Array(36).fill('done'));
    await live.stop();
  });

  it('say so when no worker is there, and come back with it', async () => {
    const live = await open({ 'xs.read': async () => 'here' });
    const client = createLiveClient(join(folder, 'nowhere.sock'));
    await expect(client.call('any')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', status: 503 });
    await client.stop();
    await live.stop();
    await expect(createLiveClient(live.socketPath).call('any')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    const again = await serveLive({
      socketPath: live.socketPath,
      handlers: { 'xs.read': async () => 'back' },
      database: db.worker,
      log: memoryLog([]),
    });
    const fresh = createLiveClient(live.socketPath);
    expect(await fresh.call(await issue('xs.read'))).toBe('back');
    await again.stop();
    await fresh.stop();
  });
});
