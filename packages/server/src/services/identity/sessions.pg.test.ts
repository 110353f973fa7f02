import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../kernel/ids.ts';
import { prune } from '../../kernel/retention.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { uniqueWord } from '../../testing/test-api.ts';

const { api, database } = await setUpApi();

const GOOD = 'Tr0ub4dor&3 and more';
/** Who may read is remembered for at most a second, and forgotten when the database announces a change. */
const within2s = (what: string, holds: () => Promise<boolean>) => eventually(what, holds, 2_000);
const register = (more: object = {}) => {
  const input = { email: `${uniqueWord()}@example.com`, password: GOOD, name: 'New Comer', ...more };
  return api.call('auth.register', input, undefined).then((answer) => ({ answer, input }));
};
const login = (email: string, password: string) => api.call('auth.login', { email, password }, undefined);

describe('a session', () => {
  it('keeps fifty sessions of a user: the oldest ends when another begins', async () => {
    const { answer: registered, input } = await register();
    const first = (await login(input.email, GOOD)).data.api_key as string;
    await api.owner.query(
      `insert into api_keys (id, user_id, tenant_id, key, name, kind, expires_at)
       select gen_random_uuid(), user_id, tenant_id, 'h' || i || user_id, name, kind, expires_at from api_keys, generate_series(1, 48) as i where user_id = $1`,
      [registered.data.id],
    );
    await api.owner.query(`update api_keys set id = '00000000-0000-7000-8000-000000000001' where key = $1`, [
      sha256Hex(first),
    ]);
    const works = async (key: string) => (await api.send('GET', '/auth/me', { key })).status === 200;
    const live = async () =>
      (await api.owner.query('select 1 from api_keys where user_id = $1 and revoked_at is null', [registered.data.id]))
        .rows.length;
    expect(await live()).toBe(49);
    const second = (await login(input.email, GOOD)).data.api_key as string;
    expect(await works(first)).toBe(true);
    const third = (await login(input.email, GOOD)).data.api_key as string;
    await within2s('the oldest has ended', async () => !(await works(first)));
    expect([await works(second), await works(third), await live()]).toEqual([true, true, 50]);
  });

  it('is ended by logging out: that session, of oneself, and once', async () => {
    const { input } = await register();
    const { input: others } = await register();
    const session = async (email: string) => (await login(email, GOOD)).data.api_key as string;
    const [one, two, theirs] = [await session(input.email), await session(input.email), await session(others.email)];
    const logOut = (key: string, api_key: string) => api.call('auth.logout', { api_key }, { key });
    expect(await logOut(one, theirs)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await logOut(one, two)).toMatchObject({ status: 200 });
    expect(await logOut(one, two)).toMatchObject({ status: 404 });
    const me = async (key: string) => (await api.send('GET', '/auth/me', { key })).status;
    expect([await me(one), await me(two), await me(theirs)]).toEqual([200, 401, 200]);
    // An API key is no session.
    const actor = await api.makeActor();
    expect(await logOut(actor.key, actor.key)).toMatchObject({ status: 404 });
    expect(await me(actor.key)).toBe(200);
    expect(await logOut(one, one)).toMatchObject({ status: 200 });
    expect(await me(one)).toBe(401);
  });

  it('leaves no row of a session that ended a month ago', async () => {
    const { answer: registered, input } = await register();
    await login(input.email, GOOD);
    await login(input.email, GOOD);
    const { rows } = await api.owner.query<{ id: string }>('select id from api_keys where user_id = $1 order by id', [
      registered.data.id,
    ]);
    await api.owner.query(`update api_keys set expires_at = now() - interval '31 days' where id = $1`, [rows[0]!.id]);
    const worker = openDatabase({ connectionString: database.workerUrl, max: 1, min: 0 });
    await prune(
      worker,
      api.registry.services.flatMap((service) => service.retention ?? []),
    );
    await worker.close();
    const left = await api.owner.query<{ id: string }>('select id from api_keys where user_id = $1', [
      registered.data.id,
    ]);
    expect(left.rows).toEqual([rows[1]]);
  });
});
