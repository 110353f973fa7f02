import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { insertInstance } from '../../services/instances/examples.ts';
import { insertVpc } from '../../services/vpcs/examples.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { createQuietNotifier, eventually } from '../../testing/seed.ts';
import { type Actor, startTestApi, uniqueWord } from '../../testing/test-api.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { EVENT_CHANNEL } from '../../kernel/audit.ts';
import { createWaiter } from './waiter.ts';

const { database, api, owner } = await setUpApi();

const settle = async (id: string, status: string) => {
  await api.owner.query('update vpcs set status = $2, observed_version = version where id = $1', [id, status]);
  await api.owner.query(`select pg_notify('cloud_events', ' ' || $1)`, [id]);
};

describe('every answer', () => {
  it('has a request id, its time, and headers that keep browsers from harm', async () => {
    const answer = await api.send('GET', '/auth/me', { key: owner.key });
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'x-request-id': answer.meta.request_id,
    });
    expect(Math.abs(Date.parse(answer.meta.timestamp) - Date.now())).toBeLessThan(10_000);
    const given = await api.send('GET', '/auth/me', { key: owner.key, headers: { 'x-request-id': 'mine-1' } });
    expect(given.meta.request_id).toBe('mine-1');
    const bad = await api.send('GET', '/auth/me', { key: owner.key, headers: { 'x-request-id': 'a b' } });
    expect(bad.meta.request_id).not.toBe('a b');
    const failed = await api.send('GET', '/auth/me');
    expect(failed.text).toBe(
      JSON.stringify({
        error: { type: 'UNAUTHORIZED', message: failed.message, code: 'UNAUTHORIZED' },
        meta: failed.meta,
      }),
    );
  });

  it('says what there is not', async () => {
    expect(await api.send('GET', '/no/such/path?secret=1', { key: owner.key })).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      message: expect.not.stringContaining('secret'),
    });
    expect(await api.send('GET', '/vpcs/', { key: owner.key })).toMatchObject({ status: 200 });
    expect(
      await api.send('POST', '/vpcs', { key: owner.key, headers: { 'content-type': 'text/xml' }, body: '<a/>' }),
    ).toMatchObject({
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: expect.stringContaining('application/json'),
    });
    for (const path of [`/vpcs/${'x'.repeat(1200)}`, '/vpcs/%zz'])
      expect(await api.send('GET', path, { key: owner.key })).toMatchObject({
        status: 400,
        code: 'INVALID_INPUT',
        meta: { request_id: expect.any(String) },
      });
  });

  it('takes a body that is empty for an input that is empty', async () => {
    const id = await insertInstance(api.worldOf(owner));
    for (const headers of [{}, { 'content-type': 'application/json' }])
      expect((await api.send('POST', `/instances/${id}/stop`, { key: owner.key, headers })).status).toBe(200);
  });

  it('to a change carries the version as ETag', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const renamed = await api.call('vpcs.update', { id, name: uniqueWord() }, owner);
    expect([renamed.headers.etag, renamed.data.version]).toEqual(['"2"', 2]);
    for (const version of ['W/"2"', '2', '*'])
      expect(
        (
          await api.call('vpcs.update', { id, name: uniqueWord() }, owner, {
            headers: {
              'if-match':
                version === '*'
                  ? '*'
                  : version.replace('2', String((await api.call('vpcs.get', { id }, owner)).data.version)),
            },
          })
        ).status,
      ).toBe(200);
  });
});

describe('?wait=', () => {
  const gets = () => api.countOf('vpcs.get');

  it('answers at once what has settled already, and what settles soon after', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const began = performance.now();
    expect((await api.call('vpcs.get', { id }, owner, { query: 'wait=20' })).data.status).toBe('active');
    expect(performance.now() - began).toBeLessThan(900);
    const creating = api.call('vpcs.create', { name: uniqueWord() }, owner, { query: 'wait=20' });
    let made: string | undefined;
    await eventually('it is there', async () => {
      made = (await api.owner.query<{ id: string }>(`select id from vpcs where status = 'pending'`)).rows[0]?.id;
      return made !== undefined;
    });
    await settle(made!, 'active');
    expect(await creating).toMatchObject({ status: 201, data: { id: made, status: 'active' } });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('ends when what is waited for is being deleted', async () => {
    const { id } = (await api.call('vpcs.create', { name: uniqueWord() }, owner)).data;
    const began = performance.now();
    const waiting = api.call('vpcs.get', { id }, owner, { query: 'wait=20' });
    expect((await api.call('vpcs.delete', { id }, owner)).status).toBe(200);
    expect(await waiting).toMatchObject({ status: 200, data: { status: 'DELETING' } });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('answers what there is when the time is up', async () => {
    const began = performance.now();
    const answer = await api.call('vpcs.create', { name: uniqueWord() }, owner, { query: 'wait=1' });
    expect(answer).toMatchObject({ status: 201, data: { status: 'pending' } });
    expect(performance.now() - began).toBeGreaterThan(950);
    await settle(answer.data.id, 'active');
  });

  it('takes whole seconds from 0 to 60', async () => {
    const id = await insertVpc(api.worldOf(owner));
    for (const wait of ['-1', '61', 'long', '1.5', '1&wait=2'])
      expect(await api.call('vpcs.get', { id }, owner, { query: `wait=${wait}` })).toMatchObject({
        status: 400,
        message: expect.stringContaining('wait'),
      });
    expect((await api.call('vpcs.get', { id }, owner, { query: 'wait=0' })).status).toBe(200);
  });

  it('does not take back a change that one may make but not read', async () => {
    const role = uniqueWord();
    await api.owner.query(
      `with made as (insert into tenant_roles (tenant_id, name) values ($1, $2) returning id)
       insert into tenant_role_permissions (role_id, tenant_id, permission) select id, $1, 'vpc:create' from made`,
      [owner.tenantId, role],
    );
    const maker = await api.makeMember(owner.tenantId, role);
    const answer = await api.call('vpcs.create', { name: uniqueWord() }, maker, { query: 'wait=1' });
    expect(answer).toMatchObject({ status: 201, data: { status: 'pending' } });
    await settle(answer.data.id, 'active');
  });

  it('answers with the first state of a resource that is deleted in between', async () => {
    const name = uniqueWord();
    const waiting = api.call('vpcs.create', { name }, owner, { query: 'wait=20' });
    await eventually(
      'it is there',
      async () => (await api.owner.query('select 1 from vpcs where name = $1', [name])).rows.length === 1,
    );
    await api.owner.query('delete from vpcs where name = $1', [name]);
    expect(await waiting).toMatchObject({ status: 201, data: { name } });
  });

  it('looks once a second for all that one caller has waiting for one thing', async () => {
    const id = await insertVpc(api.worldOf(owner));
    await settle(id, 'pending');
    const before = await gets();
    const waits = Array.from({ length: 20 }, () => api.call('vpcs.get', { id }, owner, { query: 'wait=3' }));
    for (const answer of await Promise.all(waits))
      expect(answer).toMatchObject({ status: 200, data: { status: 'pending' } });
    // Each reads it when it comes and looks when it listens: 40. Then they look together; alone they would look 60 times more.
    expect((await gets()) - before).toBeLessThan(40 + 30);
    await settle(id, 'active');
  });

  it('ends when the client goes away', async () => {
    const gone = new AbortController();
    const name = uniqueWord();
    const waiting = api
      .call('vpcs.create', { name }, owner, { query: 'wait=60', signal: gone.signal })
      .catch(() => 'gone');
    await eventually(
      'it is there',
      async () => (await api.owner.query('select 1 from vpcs where name = $1', [name])).rows.length === 1,
    );
    gone.abort();
    expect(await waiting).toBe('gone');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = await gets();
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(await gets()).toBe(before);
  });
});

describe('the waiter', () => {
  const never = new AbortController().signal;

  it('looks again at each announcement of its thing, and of a lost connection; not at others', async () => {
    const notifier = createQuietNotifier();
    let looks = 0;
    const waiting = createWaiter(notifier, createManualClock()).until('mine', 30, async () => ++looks === 4, never);
    const tell = async (payload: string, expected: number) => {
      notifier.tell(EVENT_CHANNEL, payload === '' ? '' : `tenant ${payload}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(looks).toBe(expected);
    };
    await tell('other', 1);
    await tell('mine', 2);
    await tell('', 3);
    await tell('mine', 4);
    await waiting;
    await tell('mine', 4);
  });

  it('does not miss what is announced while it looks', async () => {
    const notifier = createQuietNotifier();
    let looks = 0;
    await createWaiter(notifier, createManualClock()).until(
      'mine',
      30,
      async () => {
        if (++looks === 1) notifier.tell(EVENT_CHANNEL, 'tenant mine');
        return looks === 2;
      },
      never,
    );
    expect(looks).toBe(2);
  });

  it('still looks each second, and ends in time', async () => {
    const clock = createManualClock();
    let looks = 0;
    let over = false;
    const waiting = createWaiter(createQuietNotifier(), clock)
      .until('mine', 3, async () => ++looks > 99, never)
      .then(() => {
        over = true;
      });
    await clock.advance(2_500);
    expect([looks, over]).toEqual([3, false]);
    await clock.advance(1_000);
    await waiting;
    expect(looks).toBe(4);
  });

  const mine = { tenantId: 'tenant', name: 'instances.get of me' };

  it('looks once for all who wait for the same as the same caller, and not at what is older than an announcement', async () => {
    const clock = createManualClock();
    const notifier = createQuietNotifier();
    const waiter = createWaiter(notifier, clock);
    let looks = 0;
    const look = async () => ++looks > 1_000;
    const waits = [mine, mine, mine, { ...mine, name: 'instances.get of somebody else' }].map((whose) =>
      waiter.until('mine', 30, (share) => share(look), never, whose),
    );
    await clock.advance(0);
    const began = looks;
    for (let second = 1; second <= 10; second++) {
      await clock.advance(1_000);
      expect(looks - began).toBe(second * 2);
    }
    await clock.advance(500);
    notifier.tell(EVENT_CHANNEL, 'tenant mine');
    // Each begins at the very moment of the announcement: on a clock that stands none of them is newer.
    await clock.advance(0);
    expect(looks - began).toBeGreaterThan(20);
    looks = 1_000;
    await clock.advance(1_000);
    await Promise.all(waits);
  });

  it('holds so many of one tenant and so many in all; who comes then is answered at once', async () => {
    const clock = createManualClock();
    const waiter = createWaiter(createQuietNotifier(), clock);
    const ending = new AbortController();
    const held: Promise<void>[] = [];
    const hold = (tenantId: string, name: string) => {
      const wait = waiter.until('mine', 60, async () => false, ending.signal, { tenantId, name });
      held.push(wait);
      return wait;
    };
    const isOver = (wait: Promise<void>) => Promise.race([wait.then(() => true), clock.advance(0).then(() => false)]);
    for (let i = 0; i < 100; i++) void hold('one', `${i}`);
    expect(await isOver(hold('one', 'more'))).toBe(true);
    expect(await isOver(hold('two', 'first'))).toBe(false);
    for (let i = 0; i < 411; i++) void hold(`many-${i % 10}`, `${i}`);
    expect(await isOver(hold('three', 'more'))).toBe(true);
    ending.abort(new Error('enough'));
    await Promise.all(held);
    expect(await isOver(waiter.until('mine', 60, async () => false, never, mine))).toBe(false);
  });

  it('ends with the signal, and with the error of a look', async () => {
    const ending = new AbortController();
    const waiting = createWaiter(createQuietNotifier(), systemClock).until(
      'mine',
      60,
      async () => false,
      ending.signal,
    );
    setTimeout(() => ending.abort(new Error('gone')), 10);
    await waiting;
    await expect(
      createWaiter(createQuietNotifier(), systemClock).until(
        'mine',
        60,
        () => Promise.reject(new Error('broken')),
        never,
      ),
    ).rejects.toThrow('broken');
  });
});

describe('limits of rate', () => {
  it('hold for each key and for each address, and say when to come again', async () => {
    const clock = createManualClock(Date.now());
    const limited = await startTestApi({ database: await freshHost(), clock, rates: { perSecond: 1, burst: 3 } });
    const [one, two] = [await limited.makeActor(), await limited.makeActor()];
    const me = (actor: Actor) => limited.call('auth.me', {}, actor);
    for (let i = 0; i < 3; i++) expect((await me(one)).status).toBe(200);
    const refused = await me(one);
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(refused.headers['retry-after']).toBe('1');
    expect((await me(two)).status).toBe(200);
    await clock.advance(1000);
    expect((await me(one)).status).toBe(200);
    const login = () => limited.call('auth.login', { email: 'nobody@example.com', password: 'x' }, undefined);
    const statuses: number[] = [];
    // Who watches the public status leaves the logins alone.
    for (let i = 0; i < 4; i++) expect((await limited.send('GET', '/status')).status).toBe(200);
    for (let i = 0; i < 4; i++) statuses.push((await login()).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    await limited.stop();
  });
  it('hold for a /64 of IPv6 together, and for an IPv4 address however it is written', async () => {
    const clock = createManualClock(Date.now());
    const limited = await startTestApi({
      database: await freshHost(),
      clock,
      rates: { perSecond: 1, burst: 3 },
      trustedProxies: ['127.0.0.1'],
    });
    const statusesFrom = async (...addresses: string[]) => {
      const statuses: number[] = [];
      for (const address of addresses) {
        const headers = { 'x-forwarded-for': address };
        const input = { email: 'nobody@example.com', password: 'x' };
        statuses.push((await limited.call('auth.login', input, undefined, { headers })).status);
      }
      return statuses;
    };
    expect(await statusesFrom(...[1, 2, 3, 4].map((nth) => `2001:db8:0:1:${nth}::${nth}`))).toEqual([
      401, 401, 401, 429,
    ]);
    expect(await statusesFrom('2001:db8:0:2::1')).toEqual([401]);
    expect(await statusesFrom('192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.1')).toEqual([
      401, 401, 401, 429,
    ]);
    const zone = { 'x-forwarded-for': `fe80::1%${'z'.repeat(100)}` };
    const registered = await limited.call(
      'auth.register',
      { email: `${uniqueWord()}@example.com`, password: 'a long pass phrase', name: 'Zo Ne' },
      undefined,
      { headers: zone },
    );
    expect(registered.status, registered.text).toBe(201);
    await limited.stop();
  });
  it('hold for keys that nobody has, for each address, and leave the keys that are good alone', async () => {
    const clock = createManualClock(Date.now());
    const limited = await startTestApi({ database: await freshHost(), clock });
    const [one, two] = [await limited.makeActor(), await limited.makeActor()];
    const me = (key: string) => limited.call('auth.me', {}, { key });
    expect((await me(one.key)).status).toBe(200);
    const statuses: number[] = [];
    for (let i = 0; i < 302; i++) statuses.push((await me(`thecloud_${String(i).padStart(32, '0')}`)).status);
    expect(statuses.indexOf(429)).toBe(300);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    const refused = await me(`thecloud_${'f'.repeat(32)}`);
    expect([refused.code, refused.headers['retry-after']]).toEqual(['RATE_LIMITED', '1']);
    expect((await me(one.key)).status).toBe(200);
    expect((await me(two.key)).status).toBe(429);
    await clock.advance(1_000);
    for (let i = 0; i < 200; i++) expect((await me(two.key)).status).toBe(200);
    await limited.stop();
  });

  /** The same database, whose host is recreated. */
  const freshHost = async () => {
    await api.owner.query(`update hosts set name = $1 where name = 'test-host'`, [uniqueWord()]);
    return database;
  };
});
