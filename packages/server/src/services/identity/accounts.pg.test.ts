import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../../testing/test-api.ts';
import { insertRecoveryCode } from './account-examples.ts';

const { api } = await setUpApi({ trustedProxies: ['127.0.0.1'] });

const login = (email: string, headers: Record<string, string> = {}) =>
  api.call('auth.login', { email, password: PASSWORD }, undefined, { headers });
const sessionOf = async (actor: Actor, headers: Record<string, string> = {}) => ({
  key: (await login(actor.email, headers)).data.api_key as string,
});
const works = async (who: { key: string }) => (await api.call('auth.me', {}, who)).status === 200;
const update = (input: Record<string, unknown>, who: { key: string }) => api.call('auth.update', input, who);
const close = (actor: Actor, more: object = {}) =>
  api.call('auth.close', { password: PASSWORD, confirm: actor.email, ...more }, actor);

describe('the profile', () => {
  it('takes a new name, and a new e-mail address with the password, by which one then logs in', async () => {
    const actor = await api.makeActor();
    expect((await update({ name: 'Ada Lovelace' }, actor)).data).toMatchObject({
      name: 'Ada Lovelace',
      email: actor.email,
    });
    const email = `${uniqueWord()}@example.com`;
    expect((await update({ email }, actor)).message).toContain('password is required');
    expect((await update({ email, password: 'not it' }, actor)).status).toBe(401);
    expect((await update({}, actor)).status).toBe(400);
    expect((await update({ email: email.toUpperCase(), password: PASSWORD }, actor)).data).toMatchObject({
      name: 'Ada Lovelace',
      email,
    });
    expect([(await login(actor.email)).status, (await login(email)).status]).toEqual([401, 200]);
    const since = async () =>
      (await api.owner.query('select email_changed_at from users where id = $1', [actor.userId])).rows[0]
        .email_changed_at;
    const changed = await since();
    expect(changed).toBeInstanceOf(Date);
    await update({ name: 'Ada King', email }, actor);
    expect(await since()).toEqual(changed);
  });

  it("refuses another's e-mail address, in any case, also at the same moment", async () => {
    const [one, two] = [await api.makeActor(), await api.makeActor()];
    const taken = await update({ email: two.email.toUpperCase(), password: PASSWORD }, one);
    expect(taken).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(taken.message).toContain('already exists; choose another');
    const email = `${uniqueWord()}@example.com`;
    const statuses = await Promise.all(
      [one, two].map(async (actor) => (await update({ email, password: PASSWORD }, actor)).status),
    );
    expect(statuses.sort()).toEqual([200, 409]);
  });
});

describe('sessions', () => {
  it("are listed with their address and client, one's own only, newest first", async () => {
    const actor = await api.makeActor();
    const headers = { 'x-forwarded-for': '192.0.2.9', 'user-agent': 'cloud/1.0' };
    const [first, second] = [await sessionOf(actor, headers), await sessionOf(actor)];
    const { data } = await api.call('sessions.list', {}, first);
    expect(data).toHaveLength(2);
    expect(data[1]).toMatchObject({ current: true, ip_address: '192.0.2.9', user_agent: 'cloud/1.0' });
    expect(data[0]).toMatchObject({ current: false, ip_address: '127.0.0.1' });
    expect(JSON.stringify(data)).not.toContain(second.key);
    const colleague = await api.makeMember(actor.tenantId, 'admin');
    expect((await api.call('sessions.list', {}, colleague)).data).toEqual([]);
    const page = await api.call('sessions.list', { limit: 1 }, actor);
    expect((await api.call('sessions.list', { cursor: page.meta.next_cursor }, actor)).data).toHaveLength(1);
  });

  it('end by id, and all but one; in every tenant', async () => {
    const actor = await api.makeActor();
    const other = await api.makeActor();
    const [one, two, three] = [await sessionOf(actor), await sessionOf(actor), await sessionOf(actor)];
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`, [
      other.tenantId,
      actor.userId,
    ]);
    const { data } = await api.call('sessions.list', {}, one);
    const idOf = (nth: number) => data[nth].id as string;
    await api.owner.query('update api_keys set tenant_id = $2 where id = any($1)', [
      [idOf(0), idOf(1)],
      other.tenantId,
    ]);
    expect((await api.call('sessions.end', { id: idOf(0) }, other)).status, "another's").toBe(404);
    expect((await api.call('sessions.end', { id: actor.keyId }, actor)).status, 'an API key').toBe(404);
    expect((await api.call('sessions.end', { id: idOf(0) }, one)).status).toBe(204);
    expect([await works(one), await works(two), await works(three)]).toEqual([true, true, false]);
    expect((await api.call('sessions.endOthers', {}, one)).data).toEqual({ ended: 1 });
    expect([await works(one), await works(two), await works(actor)]).toEqual([true, false, true]);
    expect((await api.call('sessions.endOthers', {}, actor)).data).toEqual({ ended: 1 });
    expect(await works(one)).toBe(false);
  });
});

describe('closing an account', () => {
  it('erases who it was and what let it in, closes the tenant that is left empty, and keeps the trail', async () => {
    const actor = await api.makeActor();
    const session = await sessionOf(actor);
    const other = await api.makeActor();
    await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')`, [
      other.tenantId,
      actor.userId,
    ]);
    expect((await close(actor, { confirm: 'yes' })).message).toContain('nothing was closed');
    expect((await close(actor, { password: 'not it' })).status).toBe(401);
    await insertRecoveryCode(api.worldOf(actor));
    expect((await close(actor)).data).toMatchObject({ id: actor.userId });
    expect([await works(session), await works(actor)]).toEqual([false, false]);
    expect((await login(actor.email)).message).toMatch(/^invalid email or password/);
    const one = async (text: string) => (await api.owner.query(text, [actor.userId])).rows;
    expect(
      await one('select email, name, password_hash, role, closed_at is not null as closed from users where id = $1'),
    ).toEqual([
      {
        email: `closed-${actor.userId}@invalid`,
        name: 'closed account',
        password_hash: '!',
        role: 'user',
        closed: true,
      },
    ]);
    for (const table of ['memberships', 'second_factors', 'recovery_codes', 'login_sources', 'password_resets'])
      expect(await one(`select 1 from ${table} where user_id = $1`), table).toEqual([]);
    expect(await one('select 1 from api_keys where user_id = $1 and revoked_at is null')).toEqual([]);
    expect(await one('select status, closed_at is not null as closed from tenants where owner_id = $1')).toEqual([
      { status: 'closed', closed: true },
    ]);
    const trail = await one(`select action, metadata from audit_logs where user_id = $1 and outcome = 'allowed'`);
    expect(trail.map(({ action }) => action)).toContain('user.close');
    // The address is free for another account.
    const again = { email: actor.email, password: 'Tr0ub4dor&3 and more', name: 'Another One' };
    expect((await api.call('auth.register', again, undefined)).status).toBe(201);
  });

  it('is refused to the only owner of a tenant with others or with resources, whom an owner may follow', async () => {
    const actor = await api.makeActor();
    const member = await api.makeMember(actor.tenantId, 'admin');
    expect((await close(actor)).message).toMatch(/only owner of the tenant 'A tenant', which has 1 other member/);
    await api.owner.query(`update memberships set role = 'owner' where user_id = $1`, [member.userId]);
    expect((await close(actor)).status).toBe(200);
    const { rows } = await api.owner.query('select owner_id, status from tenants where id = $1', [actor.tenantId]);
    expect(rows, 'the other owner stands for it').toEqual([{ owner_id: member.userId, status: 'active' }]);

    const lonely = await api.makeActor();
    expect((await api.call('vpcs.create', { name: 'mine' }, lonely)).status).toBe(201);
    expect((await close(lonely)).message).toMatch(/your tenant 'A tenant' still has resources \(vpcs: 1\)/);
    expect(await works(lonely)).toBe(true);
  });

  it('is refused to the last operator, also when two close at once', async () => {
    await api.owner.query(`update users set role = 'developer' where role = 'admin'`);
    const operators = [await api.makeActor({ platformRole: 'admin' }), await api.makeActor({ platformRole: 'admin' })];
    const answers = await Promise.all(operators.map((actor) => close(actor)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)!.message).toContain('only operator of this platform');
  });
});
