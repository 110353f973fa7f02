import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../kernel/source.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, startTestApi } from '../../testing/test-api.ts';

// The tests choose their address as a proxy tells it.
const { api, database } = await setUpApi({ trustedProxies: ['127.0.0.1'] });

const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } });
const login = (actor: Pick<Actor, 'email'>, password: string, ip: string) =>
  api.call('auth.login', { email: actor.email, password }, undefined, from(ip));
const fail = async (actor: Actor, ip: string, times: number) => {
  for (let i = 0; i < times; i++) expect((await login(actor, `wrong ${i}`, ip)).message).toContain('invalid');
};

describe('a lockout', () => {
  it('locks the address group alone: its owner still logs in from elsewhere', async () => {
    const actor = await api.makeActor();
    await fail(actor, '2001:db8:1:2::1', 5);
    for (const ip of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9']) {
      const locked = await login(actor, PASSWORD, ip);
      expect(locked).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
      expect(locked.message).toMatch(/locked for this user for 15 more minutes\. Wait, log in from another address/);
    }
    expect((await login(actor, PASSWORD, '2001:db8:1:3::1')).status).toBe(200);
    expect((await login(actor, PASSWORD, '192.0.2.4')).status).toBe(200);
    const other = await api.makeActor();
    expect((await login(other, PASSWORD, '2001:db8:1:2::1')).status, 'another user from there').toBe(200);
  });

  it('ends after 15 minutes, and a good login forgets wrong ones', async () => {
    const actor = await api.makeActor();
    await fail(actor, '192.0.2.5', 4);
    expect((await login(actor, PASSWORD, '192.0.2.5')).status).toBe(200);
    await fail(actor, '192.0.2.5', 5);
    expect((await login(actor, PASSWORD, '192.0.2.5')).status).toBe(401);
    await api.owner.query(`update login_sources set locked_until = now() - interval '1 second' where user_id = $1`, [
      actor.userId,
    ]);
    expect((await login(actor, PASSWORD, '192.0.2.5')).status).toBe(200);
  });

  it('from many addresses slows unknown ones to one guess each 30 s, and lets known ones in', async () => {
    const actor = await api.makeActor();
    expect((await login(actor, PASSWORD, '198.51.100.1')).status).toBe(200);
    for (let n = 0; n < 20; n++) await fail(actor, `203.0.113.${n}`, 1);
    const slowed = await login(actor, PASSWORD, '203.0.113.200');
    expect(slowed).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(slowed.message).toMatch(/wait \d+ s, log in from an address that you used before, or reset the password/);
    const wait = Number(slowed.headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(30);
    expect((await login(actor, PASSWORD, '198.51.100.1')).status, 'a known address').toBe(200);
    // Half a minute later one guess is let through, and the next one has to wait again.
    await api.owner.query(`update users set guesses_until = guesses_until - interval '31 seconds' where id = $1`, [
      actor.userId,
    ]);
    await fail(actor, '203.0.113.201', 1);
    expect((await login(actor, 'wrong', '203.0.113.202')).status).toBe(429);
    await api.owner.query(`update users set guesses_until = guesses_until - interval '31 seconds' where id = $1`, [
      actor.userId,
    ]);
    expect((await login(actor, PASSWORD, '203.0.113.203')).status).toBe(200);
  });

  it('tells five guesses to be wrong and no more, however many come at once through two API processes', async () => {
    await api.owner.query(`update hosts set name = 'first' where name = 'test-host'`);
    const second = await startTestApi({ database, trustedProxies: ['127.0.0.1'] });
    try {
      const actor = await api.makeActor();
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, nth) =>
          (nth % 2 ? api : second).call(
            'auth.login',
            { email: actor.email, password: `wrong ${nth}` },
            undefined,
            from('192.0.2.6'),
          ),
        ),
      );
      const told = answers.map(({ message }) => (message?.includes('invalid') ? 'invalid' : message?.slice(0, 8)));
      expect(told.sort()).toEqual([...Array(5).fill('invalid'), ...Array(7).fill('too many')]);
      const { rows } = await api.owner.query(
        'select locked_until > now() as locked from login_sources where user_id = $1',
        [actor.userId],
      );
      expect(rows).toEqual([{ locked: true }]);
    } finally {
      await second.stop();
    }
  });

  it('of addresses all at once lets exactly twenty guesses through', async () => {
    const actor = await api.makeActor();
    const statuses: number[] = [];
    // Twelve logins at a time are worked on.
    for (let wave = 0; wave < 3; wave++)
      statuses.push(
        ...(await Promise.all(
          Array.from({ length: 12 }, async (_, n) => (await login(actor, 'wrong', `2001:db8:${wave}:${n}::1`)).status),
        )),
      );
    expect(statuses.sort()).toEqual([...Array(20).fill(401), ...Array(16).fill(429)]);
    const { rows } = await api.owner.query('select source, failures from login_sources where user_id = $1', [
      actor.userId,
    ]);
    expect(rows).toHaveLength(20);
    expect(rows.every(({ failures }) => failures === 1)).toBe(true);
  });

  it('keeps few rows: what has not failed for half an hour goes with the next failure, and twenty known addresses stay', async () => {
    const actor = await api.makeActor();
    await api.owner.query(
      `insert into login_sources (user_id, source, failures, failed_at, expires_at)
       select $1, 'old ' || n, 1, now() - interval '31 minutes', now() - interval '1 minute' from generate_series(1, 50) as n`,
      [actor.userId],
    );
    await api.owner.query(
      `insert into login_sources (user_id, source, known_at, expires_at)
       select $1, 'known ' || n, now() - n * interval '1 hour', now() + interval '89 days' from generate_series(1, 30) as n`,
      [actor.userId],
    );
    await fail(actor, '192.0.2.7', 1);
    const sources = async () =>
      (
        await api.owner.query<{ source: string }>('select source from login_sources where user_id = $1', [actor.userId])
      ).rows.map(({ source }) => source);
    expect((await sources()).filter((source) => source.startsWith('old'))).toEqual([]);
    expect((await login(actor, PASSWORD, '2001:db8:7::7')).status).toBe(200);
    const known = (await sources()).filter((source) => source !== '192.0.2.7');
    expect(known).toHaveLength(20);
    expect(known).toContain(sourceOf('2001:db8:7::7'));
    expect(known).not.toContain('known 30');
  });

  it('counts logins by their result in the metrics', async () => {
    const actor = await api.makeActor();
    const count = async (result: string) => {
      const text = await api.metrics.prometheus.getSingleMetricAsString('thecloud_auth_attempts_total');
      return Number(new RegExp(`result="${result}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
    };
    const results = ['login', 'login_failed', 'login_locked'];
    const before = await Promise.all(results.map(count));
    await login(actor, PASSWORD, '192.0.2.8');
    await fail(actor, '192.0.2.8', 5);
    await login(actor, PASSWORD, '192.0.2.8');
    const after = await Promise.all(results.map(count));
    expect(after.map((value, nth) => value - before[nth]!)).toEqual([1, 5, 1]);
  });
});
