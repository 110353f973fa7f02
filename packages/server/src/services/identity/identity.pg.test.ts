import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../testkit/src/index.ts';
import { eventually } from '../../testing/seed.ts';
import { PASSWORD, startTestApi, type TestApi, uniqueWord } from '../../testing/test-api.ts';

let test: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi({ database: test });
});
afterAll(async () => {
  await api.stop();
  await test.drop();
});

const GOOD = 'Tr0ub4dor&3 and more';
/** Who may read is remembered for at most a second, and forgotten when the database announces a change. */
const within2s = (what: string, holds: () => Promise<boolean>) => eventually(what, holds, 2_000);
const register = (more: object = {}) => {
  const input = { email: `${uniqueWord()}@example.com`, password: GOOD, name: 'New Comer', ...more };
  return api.call('auth.register', input, undefined).then((answer) => ({ answer, input }));
};
const login = (email: string, password: string) => api.call('auth.login', { email, password }, undefined);

describe('registering', () => {
  it('makes the first user the operator, and the others not', async () => {
    const { answer: first } = await register();
    expect(first).toMatchObject({ status: 201, data: { role: 'admin' } });
    const { answer, input } = await register({ email: `MiXed-${uniqueWord()}@Example.com` });
    expect(answer).toMatchObject({
      status: 201,
      data: { role: 'developer', email: input.email.toLowerCase(), name: 'New Comer' },
    });
    expect(answer.data.tenant_id).toBe(answer.data.default_tenant_id);
    expect(answer.text).not.toContain(GOOD);
    const again = await api.call('auth.register', { ...input, email: input.email.toUpperCase() }, undefined);
    expect(again).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(again.message).toContain('log in instead');
  });

  it('draws another slug when the first is taken, and finds one for any name', async () => {
    const word = uniqueWord();
    const emails = [`${word}@one.example`, `${word}@two.example`, `ééé@${word}.example`, `+++@${word}.example`];
    for (const email of emails) expect((await register({ email })).answer.status).toBe(201);
    const { rows } = await api.owner.query<{ slug: string }>(
      'select slug from tenants t join users u on u.id = t.owner_id where u.email = any($1)',
      [emails],
    );
    expect(new Set(rows.map((row) => row.slug)).size).toBe(4);
    for (const { slug } of rows) expect(slug).toMatch(/^[a-z0-9-]+$/);
  });

  it('can be closed', async () => {
    await api.owner.query('update platform set registration_open = false');
    const { answer } = await register();
    await api.owner.query('update platform set registration_open = true');
    expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  it('wants a name that is more than blanks', async () => {
    for (const name of ['   ', '\u00a0\u00a0', '\t\n'])
      expect((await register({ name })).answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect((await register({ name: ' Ünal 2 ' })).answer.status).toBe(201);
  });

  it('of one e-mail address many times at once makes one user', async () => {
    const email = `${uniqueWord()}@example.com`;
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await register({ email })).answer.status),
    );
    expect(statuses.sort()).toEqual([201, 409, 409, 409, 409]);
  });
});

describe('logging in', () => {
  it('gives a session key that works, acts in the default tenant, and ends', async () => {
    const { answer: registered, input } = await register();
    const answer = await login(input.email.toUpperCase(), GOOD);
    expect(answer).toMatchObject({ status: 200, data: { user: { id: registered.data.id } } });
    expect(answer.data.api_key).toMatch(/^thecloud_[0-9a-f]{32}$/);
    const hours = (Date.parse(answer.data.expires_at) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    const key = answer.data.api_key as string;
    for (const headers of [
      { 'x-api-key': key },
      { authorization: `Bearer ${key}` },
      { authorization: `bearer  ${key}` },
    ]) {
      const me = await api.send('GET', '/auth/me', { headers });
      expect(me).toMatchObject({ status: 200, data: { id: registered.data.id, tenant_id: registered.data.tenant_id } });
    }
    expect(await api.send('GET', '/auth/me', { headers: { authorization: `Basic ${key}` } })).toMatchObject({
      status: 401,
    });
    const { rows } = await api.owner.query('select key, prefix from api_keys where user_id = $1', [registered.data.id]);
    expect(rows).toHaveLength(1);
    expect(rows[0].key).toMatch(/^[0-9a-f]{64}$/);
    expect(rows[0].key).not.toContain(key.slice(9));
    expect(key.startsWith(rows[0].prefix)).toBe(true);
  });

  it('says the same of a wrong password and of nobody, and takes as long', async () => {
    const actor = await api.makeActor();
    const wrong = await login(actor.email, 'not it');
    const began = performance.now();
    const nobody = await login('nobody@example.com', 'not it');
    // A bcrypt hash of cost 10 takes 60 ms here; without one the answer comes in 3.
    expect(performance.now() - began).toBeGreaterThan(15);
    expect([wrong.status, wrong.message]).toEqual([401, nobody.message]);
    expect(nobody.status).toBe(401);
  });

  it('tells the right password from no wrong one once too many were tried at once', async () => {
    const actor = await api.makeActor();
    const guesses = [...Array.from({ length: 9 }, (_, i) => `wrong ${i}`), PASSWORD];
    const told = (await Promise.all(guesses.map((guess) => login(actor.email, guess)))).map(
      ({ status, message }) => `${status} ${message}`,
    );
    // The right one may be compared among the first five.
    expect(new Set(told.filter((one) => !one.startsWith('200'))).size, told.join('; ')).toBe(1);
    expect(told.filter((one) => one.startsWith('401')).length).toBeGreaterThanOrEqual(9);
    const { rows } = await api.owner.query('select failures from login_sources where user_id = $1', [actor.userId]);
    expect(rows[0].failures).toBeLessThanOrEqual(5);
  });

  it('locks after five wrong passwords, also for the right one, and each is in the audit', async () => {
    const actor = await api.makeActor();
    for (let i = 0; i < 5; i++) expect((await login(actor.email, `wrong ${i}`)).status).toBe(401);
    const right = await login(actor.email, PASSWORD);
    expect(right).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect(right.message).toContain('none is accepted for up to 15 minutes');
    const { rows } = await api.owner.query(
      `select metadata from audit_logs where action = 'user.login' and outcome = 'refused' and metadata->>'email' = $1`,
      [actor.email],
    );
    expect(rows, 'the try on the locked user too').toHaveLength(6);
    expect(JSON.stringify(rows)).not.toContain('wrong');
    await api.owner.query(`update login_sources set locked_until = now() - interval '1 second' where user_id = $1`, [
      actor.userId,
    ]);
    expect((await login(actor.email, PASSWORD)).status).toBe(200);
  });

  it('is over at once for a user who was closed; so is all that a key changes, and soon what it reads', async () => {
    const actor = await api.makeActor();
    expect((await api.call('auth.me', {}, actor)).status).toBe(200);
    await api.owner.query('update users set closed_at = now() where id = $1', [actor.userId]);
    expect(await login(actor.email, PASSWORD)).toMatchObject({
      status: 401,
      message: expect.stringMatching(/^invalid email or password/),
    });
    expect((await api.call('vpcs.create', { name: uniqueWord() }, actor)).status).toBe(401);
    await within2s('reads are refused', async () => (await api.call('auth.me', {}, actor)).status === 401);
  });

  it('works for a user without a default tenant, who then has none', async () => {
    const actor = await api.makeActor();
    await api.owner.query('update users set default_tenant_id = null where id = $1', [actor.userId]);
    const answer = await login(actor.email, PASSWORD);
    expect(answer.status).toBe(200);
    const session = { key: answer.data.api_key as string };
    expect((await api.call('auth.me', {}, session)).data).not.toHaveProperty('tenant_id');
    expect(await api.call('vpcs.list', {}, session)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    const inTenant = await api.call('vpcs.list', {}, session, { headers: { 'x-tenant-id': actor.tenantId } });
    expect(inTenant.status).toBe(200);
  });
});

describe('a tenant', () => {
  it('is chosen by X-Tenant-ID where one is a member, and roles hold there only', async () => {
    const [mine, theirs] = [await api.makeActor(), await api.makeActor()];
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`, [
      theirs.tenantId,
      mine.userId,
    ]);
    const headers = { 'x-tenant-id': theirs.tenantId };
    expect((await api.call('auth.me', {}, mine, { headers })).data.tenant_id).toBe(theirs.tenantId);
    expect((await api.call('vpcs.list', {}, mine, { headers })).status).toBe(200);
    expect(await api.call('vpcs.create', { name: 'no' }, mine, { headers })).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
    expect((await api.call('vpcs.create', { name: 'yes' }, mine)).status).toBe(201);
  });

  it('that is suspended lets nobody in', async () => {
    const actor = await api.makeActor();
    await api.owner.query(`update tenants set status = 'suspended' where id = $1`, [actor.tenantId]);
    const answer = await api.call('vpcs.list', {}, actor);
    expect(answer).toMatchObject({ status: 403, message: expect.stringContaining('suspended') });
  });

  it('that one was put out of closes its keys: for changes at once, for reads soon', async () => {
    const actor = await api.makeActor();
    const member = await api.makeMember(actor.tenantId, 'developer');
    expect((await api.call('vpcs.list', {}, member)).status).toBe(200);
    await api.owner.query('delete from memberships where user_id = $1', [member.userId]);
    expect((await api.call('vpcs.create', { name: uniqueWord() }, member)).status).toBe(401);
    await within2s('reads are refused', async () => (await api.call('vpcs.list', {}, member)).status === 401);
  });

  it('has built-in roles that may what their table says', async () => {
    const actor = await api.makeActor();
    const may = async (role: string) => {
      const member = await api.makeMember(actor.tenantId, role);
      const outcomes = [
        await api.call('vpcs.list', {}, member),
        await api.call('vpcs.create', { name: `v-${uniqueWord()}` }, member),
        await api.call('keys.create', { name: uniqueWord() }, member),
      ];
      return outcomes.map((answer) => answer.status);
    };
    expect(await may('owner')).toEqual([200, 201, 201]);
    expect(await may('admin')).toEqual([200, 201, 201]);
    expect(await may('developer')).toEqual([200, 201, 201]);
    expect(await may('viewer')).toEqual([200, 403, 201]);
    expect(await may('user')).toEqual([200, 403, 201]);
    expect(await may('no-such-role')).toEqual([403, 403, 403]);
  });
});
