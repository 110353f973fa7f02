import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../kernel/source.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, startTestApi } from '../../testing/test-api.ts';
import { hashPassword } from './password.ts';

// The tests choose their address as a proxy tells it.
const { api, database } = await setUpApi({ trustedProxies: ['127.0.0.1'] });

const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } });
const login = (actor: Pick<Actor, 'email'>, password: string, ip: string) =>
  api.call('auth.login', { email: actor.email, password }, undefined, from(ip));
const fail = async (actor: Actor, ip: string, times: number) => {
  for (let i = 0; i < times; i++) expect((await login(actor, `wrong ${i}`, ip)).message).toContain('invalid');
};

describe('a lockout', () => {
  it('tells nobody that there is such a user: unknown, wrong, locked and slowed are answered alike, by text, headers and time', {
    timeout: 40_000,
  }, async () => {
    const ask = async (email: string, ip: string) => {
      const begun = performance.now();
      const { status, message, headers } = await login({ email }, 'wrong', ip);
      return { told: `${status} ${message} ${headers['retry-after']}`, ms: performance.now() - begun };
    };
    const actor = await api.makeActor();
    const others = Array.from({ length: 15 }, (_, n) => ask(actor.email, `198.51.100.${20 + n}`));
    const [first] = await Promise.all(others);
    // As a password is kept that a person chose: the one before is quick to check.
    const hash = await hashPassword('another one');
    await api.owner.query('update users set password_hash = $2 where id = $1', [actor.userId, hash]);
    const asks = async (times: number, email: string, ipOf: (n: number) => string) => {
      const told: Awaited<ReturnType<typeof ask>>[] = [];
      for (let n = 0; n < times; n++) told.push(await ask(email, ipOf(n)));
      return told;
    };
    const all = [
      await asks(5, actor.email, () => '198.51.100.9'),
      await asks(4, actor.email, () => '198.51.100.9'),
      await asks(4, actor.email, (n) => `198.51.100.${50 + n}`),
      await asks(4, 'nobody@example.com', () => '198.51.100.9'),
    ];
    expect(new Set(all.flat().map(({ told }) => told))).toEqual(new Set([first!.told]));
    // The quickest of each, on a machine that is busy: without a hash it would take a twentieth of the time.
    const quickest = all.map((some) => Math.min(...some.map(({ ms }) => ms)));
    expect(Math.max(...quickest) / Math.min(...quickest), quickest.join(', ')).toBeLessThan(3);
  });

  it('locks the address group alone: its owner still logs in from elsewhere', async () => {
    const actor = await api.makeActor();
    await fail(actor, '2001:db8:1:2::1', 5);
    for (const ip of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9']) {
      const locked = await login(actor, PASSWORD, ip);
      expect(locked).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
      expect(locked.message).toMatch(/^invalid email or password.*wait, log in from an address that you used before/);
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
    expect(slowed).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect((await login(actor, PASSWORD, '198.51.100.1')).status, 'a known address').toBe(200);
    // Half a minute later one guess is let through, and the next one has to wait again.
    await api.owner.query(`update users set guesses_until = guesses_until - interval '31 seconds' where id = $1`, [
      actor.userId,
    ]);
    await fail(actor, '203.0.113.201', 1);
    expect((await login(actor, PASSWORD, '203.0.113.202')).status).toBe(401);
    await api.owner.query(`update users set guesses_until = guesses_until - interval '31 seconds' where id = $1`, [
      actor.userId,
    ]);
    expect((await login(actor, PASSWORD, '203.0.113.203')).status).toBe(200);
  });

  it('compares five guesses and no more, however many come at once through two API processes', async () => {
    await api.owner.query(`update hosts set name = 'first' where name = 'test-host'`);
    const second = await startTestApi({ database, trustedProxies: ['127.0.0.1'] });
    const compared = async () => {
      const texts = [api, second].map(({ metrics }) =>
        metrics.prometheus.getSingleMetricAsString('thecloud_auth_attempts_total'),
      );
      const counts = (await Promise.all(texts)).map((text) => /result="login_failed"\} (\d+)/.exec(text)?.[1] ?? 0);
      return counts.reduce<number>((sum, count) => sum + Number(count), 0);
    };
    try {
      const before = await compared();
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
      expect(new Set(answers.map(({ status, message }) => `${status} ${message}`)).size).toBe(1);
      const { rows } = await api.owner.query(
        'select locked_until > now() as locked from login_sources where user_id = $1',
        [actor.userId],
      );
      expect(rows).toEqual([{ locked: true }]);
      expect((await compared()) - before).toBe(5);
    } finally {
      await second.stop();
    }
  });

  it('of addresses all at once lets exactly twenty guesses through', async () => {
    const actor = await api.makeActor();
    const statuses: number[] = [];
    for (let wave = 0; wave < 3; wave++)
      statuses.push(
        ...(await Promise.all(
          Array.from({ length: 12 }, async (_, n) => (await login(actor, 'wrong', `2001:db8:${wave}:${n}::1`)).status),
        )),
      );
    expect(new Set(statuses)).toEqual(new Set([401]));
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
