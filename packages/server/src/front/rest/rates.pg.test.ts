import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../testing/manual-clock.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import type { Actor, Answer } from '../../testing/test-api.ts';

const clock = createManualClock(Date.now());
const { api, owner } = await setUpApi({ clock, rates: { perSecond: 2, burst: 6 }, trustedProxies: ['127.0.0.1'] });

const me = (actor: Pick<Actor, 'key'>): Promise<Answer> => api.call('auth.me', {}, actor);
const leftOf = ({ headers }: Answer) => [
  headers['ratelimit-limit'],
  headers['ratelimit-remaining'],
  headers['ratelimit-reset'],
];

describe('every answer to a valid key', () => {
  it('tells how many requests are left, and when all are back', async () => {
    const actor = await api.makeActor();
    expect(leftOf(await me(actor))).toEqual(['6', '5', '1']);
    expect(leftOf(await me(actor))).toEqual(['6', '4', '1']);
    expect(leftOf(await me(actor))).toEqual(['6', '3', '2']);
    await clock.advance(500);
    // One came back, and this one is taken.
    expect(leftOf(await me(actor))).toEqual(['6', '3', '2']);
    await clock.advance(60_000);
    expect(leftOf(await me(actor))).toEqual(['6', '5', '1']);
  });

  it('tells it also of a refusal and of an empty answer', async () => {
    const actor = await api.makeActor();
    const missing = await api.call('vpcs.get', { id: 'nowhere' }, actor);
    expect([missing.status, ...leftOf(missing)]).toEqual([404, '6', '5', '1']);
    const bad = await api.send('POST', '/vpcs', { key: actor.key, body: '{' });
    expect([bad.status, ...leftOf(bad)]).toEqual([400, '6', '4', '1']);
    const made = await api.call('keys.create', { name: 'second' }, actor);
    const revoked = await api.call('keys.revoke', { id: made.data.id }, actor);
    expect([revoked.status, ...leftOf(revoked)]).toEqual([204, '6', '2', '2']);
  });

  it('says of the one too many that none is left, and when the next may come', async () => {
    const actor = await api.makeActor();
    for (let nth = 0; nth < 6; nth++) expect((await me(actor)).status).toBe(200);
    const refused = await me(actor);
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '1' } });
    expect(leftOf(refused)).toEqual(['6', '0', '3']);
    expect(refused.message).toBe('too many requests with this key: at most 6 at once; try again in 1 s');
    await clock.advance(1_000);
    expect((await me(actor)).status).toBe(200);
  });
});

describe('many keys', () => {
  it('do not multiply what a tenant may ask, and take nothing from another tenant', async () => {
    const actor = await api.makeActor();
    const keys = [actor.key, await api.makeKey(actor), await api.makeKey(actor)];
    const answers: Answer[] = [];
    for (const key of keys) for (let nth = 0; nth < 6; nth++) answers.push(await me({ key }));
    // Two keys may use up all that they have; the third finds the tenant's share empty.
    expect(answers.map(({ status }) => status)).toEqual([...Array(12).fill(200), ...Array(6).fill(429)]);
    const refused = answers.at(12)!;
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', headers: { 'retry-after': '1' } });
    expect(refused.message).toBe('too many requests of this tenant: at most 12 at once; try again in 1 s');
    expect(leftOf(refused)).toEqual(['12', '0', '3']);
    expect((await me(owner)).status).toBe(200);
    await clock.advance(1_000);
    // The nearer limit is the one that is told.
    expect(leftOf(await me({ key: await api.makeKey(actor) }))).toEqual(['12', '3', '3']);
  });
});

describe('a call that exceeds a quota', () => {
  it('is told apart from one that came too fast, by its code', async () => {
    const actor = await api.makeActor();
    await api.owner.query(`update quotas set max = 0 where tenant_id = $1 and resource = 'vpcs'`, [actor.tenantId]);
    const refused = await api.call('vpcs.create', { name: 'one' }, actor);
    expect(refused).toMatchObject({ status: 429, code: 'QUOTA_EXCEEDED' });
    // The rate has room: a client that repeats the call would be told the same.
    expect(leftOf(refused)).toEqual(['6', '5', '1']);
  });
});

describe('what is open to anybody', () => {
  it('has a limit for each address, whatever it is; calls with a key and other addresses have theirs', async () => {
    const paths = [
      ['/docs', '/docs/start.js', '/docs/swagger-ui.css', '/openapi.json'],
      ['/health', '/health/live', '/metrics', '/console/', '/robots.txt', '/nowhere'],
    ].flat();
    const ask = (path: string, headers = {}) => api.send('GET', path, { headers });
    await clock.advance(60_000);
    const asked: Promise<Answer>[] = [];
    for (let n = 0; n < 1_500; n++) asked.push(ask(['/health/live', '/nowhere', '/docs/start.js'][n % 3]!));
    expect((await Promise.all(asked)).filter(({ status }) => status === 429)).toEqual([]);
    for (const path of paths) {
      const refused = await ask(path);
      expect(refused, path).toMatchObject({ status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '1' } });
      expect(refused.message).toBe('too many requests from this address: at most 1500 at once; try again in 1 s');
    }
    expect((await ask('/health/live', { host: 'not.known.example' })).status).toBe(429);
    expect((await me(await api.makeActor())).status).toBe(200);
    expect((await ask('/health/live', { 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
    await clock.advance(1_000);
    expect((await ask('/docs')).status).toBe(200);
  });
});
