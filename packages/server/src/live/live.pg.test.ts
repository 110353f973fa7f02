import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../kernel/engine-error.ts';
import { newId } from '../kernel/ids.ts';
import type { LiveHandlers } from '../kernel/live.ts';
import { prune, RETENTIONS } from '../kernel/retention.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../testing/seed.ts';
import { memoryLog, uniqueWord } from '../testing/test-api.ts';
import { TOY_LIVE, ticketOf } from '../testing/toy-live.ts';
import { createLiveClient } from './client.ts';
import { redeemTicket } from './redeem-ticket.ts';
import { serveLive } from './server.ts';

let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const issue = (operation: string, spec: object = {}, whose = tenant): Promise<string> =>
  ticketOf(db, whose, operation, spec);
/** The ticket, or undefined where it was refused. */
const redeem = async (ticket: string) => {
  const redeemed = await db.worker.transaction({ tenantId: '*' }, (sql) => redeemTicket(sql, TOY_LIVE, ticket));
  return 'refusal' in redeemed ? undefined : redeemed.ticket;
};

describe('a ticket', () => {
  it('works once, also when shown many times at once, and is kept as a hash', async () => {
    const ticket = await issue('xs.read', { a: 1 });
    const kept = await db.owner.query('select * from stream_tickets');
    expect(JSON.stringify(kept.rows)).not.toContain(ticket);
    const shown = await Promise.all(Array.from({ length: 6 }, () => redeem(ticket)));
    expect(shown.filter(Boolean)).toEqual([
      { tenant_id: tenant.tenantId, user_id: tenant.userId, operation: 'xs.read', target_id: null, spec: { a: 1 } },
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
    const server = await serveLive({
      socketPath,
      handlers,
      registry: TOY_LIVE,
      database: db.worker,
      log: memoryLog(lines),
    });
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
  ] as const)('say in our words what an engine refused, and log its own: %s', async (kind, code, status) => {
    const live = await open({
      'xs.read': async () => {
        throw new EngineError(kind, `/var/lib/incus says ${kind}`);
      },
    });
    await expect(live.client.call(await issue('xs.read'))).rejects.toMatchObject({
      code,
      status,
      message: expect.stringMatching(/^the instance [^/]+$/),
    });
    expect(live.lines.join()).toContain(`/var/lib/incus says ${kind}`);
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
    expect((await raw(live.socketPath, { 'x-ticket': await issue('xs.read') })).status).toBe(503);
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
      registry: TOY_LIVE,
      database: db.worker,
      log: memoryLog([]),
    });
    const fresh = createLiveClient(live.socketPath);
    expect(await fresh.call(await issue('xs.read'))).toBe('back');
    await again.stop();
    await fresh.stop();
  });
});
