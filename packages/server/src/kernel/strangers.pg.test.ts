import { expect, it, onTestFinished } from 'vitest';
import { setUpApi } from '../testing/set-up-api.ts';
import { PASSWORD } from '../testing/test-api.ts';

const { api, owner } = await setUpApi({ trustedProxies: ['127.0.0.1'] });

const from = (address: string, path: string, body: object) =>
  api.send('POST', path, { body, headers: { 'x-forwarded-for': address } });

it('an address whose calls without a key take long leaves the others their turn', async () => {
  const victim = await api.makeActor();
  // A call that asks for a reset of this user waits for the row.
  const session = await api.owner.connect();
  onTestFinished(() => session.release());
  await session.query('begin');
  await session.query('select from users where id = $1 for update', [victim.userId]);
  const held = Array.from({ length: 12 }, () => from('203.0.113.7', '/auth/forgot-password', { email: victim.email }));
  await expect
    .poll(async () => {
      const { rows } = await api.owner.query('select count(*)::int as count from pg_locks where not granted');
      return rows[0].count;
    })
    .toBeGreaterThan(0);
  const began = performance.now();
  const login = await from('198.51.100.9', '/auth/login', { email: owner.email, password: PASSWORD });
  expect(login.status, login.text).toBe(200);
  expect(performance.now() - began).toBeLessThan(4_000);
  await session.query('rollback');
  for (const answer of await Promise.all(held)) expect([200, 429]).toContain(answer.status);
});
