import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, type Answer, PASSWORD, uniqueWord } from '../../testing/test-api.ts';

const { api } = await setUpApi();

const tenantOf = (actor: Actor) => actor.tenantId;
const add = (owner: Actor, email: string, role = 'developer') =>
  api.call('members.add', { tenant: tenantOf(owner), email, role }, owner);
const rolesIn = async (tenantId: string) =>
  (await api.owner.query('select role from memberships where tenant_id = $1 order by role', [tenantId])).rows.map(
    ({ role }) => role,
  );
const ownersIn = async (tenantId: string) => (await rolesIn(tenantId)).filter((role) => role === 'owner').length;
const statusesOf = (answers: readonly { readonly status: number }[]) => answers.map(({ status }) => status).sort();
const makeRole = async (tenantId: string, permissions: readonly string[]) => {
  const name = `crew-${uniqueWord()}`;
  const { rows } = await api.owner.query<{ id: string }>(
    'insert into tenant_roles (tenant_id, name) values ($1, $2) returning id',
    [tenantId, name],
  );
  await api.owner.query(
    'insert into tenant_role_permissions (role_id, tenant_id, permission) select $1, $2, unnest($3::text[])',
    [rows[0]!.id, tenantId, permissions],
  );
  return name;
};

describe('adding a member', () => {
  it('by e-mail, in whatever capitals, who can then act in the tenant', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    const answer = await add(owner, person.email.toUpperCase());
    expect(answer).toMatchObject({ status: 200, data: { id: person.userId, email: person.email, role: 'developer' } });
    const there = { headers: { 'x-tenant-id': owner.tenantId } };
    expect((await api.call('vpcs.create', { name: 'theirs' }, person, there)).status).toBe(201);
    const list = await api.call('members.list', { tenant: owner.tenantId }, person);
    expect(list.data.map(({ role }: { role: string }) => role).sort()).toEqual(['developer', 'owner']);
    for (const ref of [person.userId, person.email])
      expect((await api.call('members.get', { tenant: owner.tenantId, member: ref }, owner)).data.id).toBe(
        person.userId,
      );
  });

  it('is refused for a stranger, twice, and with a role that does not exist, with the way out', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    expect(await add(owner, 'nobody@example.com')).toMatchObject({
      status: 404,
      message: expect.stringContaining('cloud invitations create nobody@example.com --role developer'),
    });
    expect(await add(owner, person.email, 'boss')).toMatchObject({
      status: 404,
      message: expect.stringContaining("role 'boss' does not exist"),
    });
    const foreign = await makeRole((await api.makeActor()).tenantId, []);
    expect((await add(owner, person.email, foreign)).status).toBe(404);
    expect((await add(owner, person.email)).status).toBe(200);
    expect(await add(owner, person.email)).toMatchObject({
      status: 409,
      message: expect.stringContaining('members update'),
    });
    const own = await makeRole(owner.tenantId, ['vpc:read']);
    expect((await add(owner, (await api.makeActor()).email, own)).status).toBe(200);
  });

  it('stays within the quota, exactly, however many are added at once', async () => {
    const owner = await api.makeActor();
    await api.owner.query(`update quotas set max = 4 where tenant_id = $1 and resource = 'members'`, [owner.tenantId]);
    const people = await Promise.all(Array.from({ length: 6 }, () => api.makeActor()));
    const answers = await Promise.all(people.map(({ email }) => add(owner, email)));
    expect(statusesOf(answers)).toEqual([200, 200, 200, 429, 429, 429]);
    expect(await rolesIn(owner.tenantId)).toHaveLength(4);
  });
});

describe('nobody grants, changes or takes what they do not hold', () => {
  it('an admin makes developers, but no owner; and an owner is not theirs to change', async () => {
    const owner = await api.makeActor();
    const admin = await api.makeMember(owner.tenantId, 'admin');
    const tenant = owner.tenantId;
    const person = await api.makeActor();
    expect(await api.call('members.add', { tenant, email: person.email, role: 'owner' }, admin)).toMatchObject({
      status: 403,
      message: expect.stringContaining("the role 'owner' has permissions that you do not have"),
    });
    for (const verb of ['members.update', 'members.remove'])
      expect(
        await api.call(
          verb,
          { tenant, member: owner.userId, ...(verb === 'members.update' ? { role: 'viewer' } : {}) },
          admin,
        ),
      ).toMatchObject({ status: 403 });
    expect((await api.call('members.add', { tenant, email: person.email, role: 'developer' }, admin)).status).toBe(200);
    expect((await api.call('members.update', { tenant, member: person.userId, role: 'owner' }, admin)).status).toBe(
      403,
    );
    expect((await api.call('members.update', { tenant, member: person.userId, role: 'owner' }, owner)).status).toBe(
      200,
    );
    expect(await ownersIn(tenant)).toBe(2);
  });

  it('a role of the tenant that may change the tenant grants no more than it has itself', async () => {
    const owner = await api.makeActor();
    const tenant = owner.tenantId;
    const clerk = await api.makeMember(tenant, await makeRole(tenant, ['tenant:read', 'tenant:update', 'vpc:read']));
    const small = await makeRole(tenant, ['vpc:read']);
    const person = await api.makeActor();
    expect(await api.call('members.add', { tenant, email: person.email, role: 'viewer' }, clerk)).toMatchObject({
      status: 403,
      message: expect.stringMatching(/^the role 'viewer' has permissions that you do not have: /),
    });
    expect((await api.call('members.add', { tenant, email: person.email, role: small }, clerk)).status).toBe(200);
    expect(
      await api.call('invitations.create', { tenant, email: 'new@example.com', role: 'viewer' }, clerk),
    ).toMatchObject({
      status: 403,
    });
  });
});

/** Starts a call that waits for the tenant's row, which `change` holds, and answers what came of it once the change is committed. */
const behind = (tenant: string, call: () => Promise<Answer>, ...changes: string[]): Promise<Answer> =>
  behindLock(`select 1 from tenants where id = '${tenant}' for no key update`, 'tenants', call, changes);

async function behindLock(
  lock: string,
  table: string,
  call: () => Promise<Answer>,
  changes: readonly string[],
): Promise<Answer> {
  const client = await api.owner.connect();
  try {
    await client.query('begin');
    await client.query(lock);
    const waiting = call();
    await expect
      .poll(async () => {
        const { rows } = await api.owner.query(
          `select 1 from pg_locks w where not w.granted
             and exists (select from pg_locks t where t.pid = w.pid and t.relation = $1::regclass)`,
          [table],
        );
        return rows.length;
      })
      .toBeGreaterThan(0);
    for (const change of changes) await client.query(change);
    await client.query('commit');
    return await waiting;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('what waits for another change of the members', () => {
  it('goes by the roles after it: the last owner does not leave', async () => {
    const one = await api.makeActor();
    const two = await api.makeMember(one.tenantId, 'viewer');
    const answer = await behind(
      one.tenantId,
      () => api.call('tenants.leave', { id: one.tenantId }, two),
      `update memberships set role = 'owner' where tenant_id = '${one.tenantId}' and user_id = '${two.userId}'`,
      `update memberships set role = 'viewer' where tenant_id = '${one.tenantId}' and user_id = '${one.userId}'`,
      `update tenants set owner_id = '${two.userId}' where id = '${one.tenantId}'`,
    );
    expect(answer, answer.text).toMatchObject({
      status: 409,
      message: expect.stringContaining('this is the last one'),
    });
    expect(await ownersIn(one.tenantId)).toBe(1);
  });

  it('holds no member while it waits for a role that is renamed, so that neither waits for the other', async () => {
    const owner = await api.makeActor();
    const member = await api.makeMember(owner.tenantId, 'viewer');
    await api.call('roles.create', { name: 'ops', permissions: ['vpc:read'] }, owner);
    const answer = await behindLock(
      `select 1 from tenant_roles where tenant_id = '${owner.tenantId}' and name = 'ops' for no key update`,
      'tenant_roles',
      () => api.call('members.update', { tenant: owner.tenantId, member: member.email, role: 'ops' }, owner),
      // What the renaming of a role writes.
      [`update memberships set role = role where tenant_id = '${owner.tenantId}' and user_id = '${member.userId}'`],
    );
    expect(answer, answer.text).toMatchObject({ status: 200, data: { role: 'ops' } });
  });
});

describe('who is removed or leaves', () => {
  it('loses the keys to the tenant at once; a session goes on elsewhere', async () => {
    const owner = await api.makeActor();
    const member = await api.makeMember(owner.tenantId, 'developer');
    const login = await api.call('auth.login', { email: member.email, password: PASSWORD }, undefined);
    const session = { key: login.data.api_key as string };
    expect((await api.call('auth.me', {}, session)).data.tenant_id).toBe(owner.tenantId);
    const removed = await api.call('members.remove', { tenant: owner.tenantId, member: member.email }, owner);
    expect(removed).toMatchObject({ status: 200, data: { message: `'${member.email}' is no longer a member` } });
    expect(await api.call('vpcs.create', { name: 'late' }, member)).toMatchObject({ status: 401 });
    expect(await api.call('vpcs.create', { name: 'late' }, session)).toMatchObject({ status: 400 });
    expect((await api.call('tenants.list', {}, session)).data).toEqual([]);
    expect((await api.call('tenants.get', { id: owner.tenantId }, session)).status).toBe(404);
    expect((await api.call('tenants.create', { name: 'My own' }, session)).status).toBe(201);
    expect((await api.call('vpcs.create', { name: 'mine' }, session)).status).toBe(201);
  });

  it('gets another of their tenants as the default', async () => {
    const [owner, person] = [await api.makeActor(), await api.makeActor()];
    await add(owner, person.email);
    await api.call('tenants.switch', { id: owner.tenantId }, person);
    expect((await api.call('tenants.leave', { id: owner.tenantId }, person)).status).toBe(200);
    expect((await api.call('auth.me', {}, person)).data.default_tenant_id).toBe(person.tenantId);
  });

  it('is never the last owner: not by leaving, removal or another role, and not by two at once', async () => {
    const owner = await api.makeActor();
    const tenant = owner.tenantId;
    const last = {
      status: 409,
      message: expect.stringContaining('this is the last one; make another member an owner first'),
    };
    expect(await api.call('tenants.leave', { id: tenant }, owner)).toMatchObject(last);
    expect(await api.call('members.remove', { tenant, member: owner.userId }, owner)).toMatchObject(last);
    expect(await api.call('members.update', { tenant, member: owner.userId, role: 'admin' }, owner)).toMatchObject(
      last,
    );
    for (let round = 0; round < 5; round++) {
      const one = await api.makeActor();
      const [two, three] = [await api.makeMember(one.tenantId, 'owner'), await api.makeMember(one.tenantId, 'owner')];
      const at = one.tenantId;
      const answers = await Promise.all([
        api.call('tenants.leave', { id: at }, one),
        api.call('tenants.leave', { id: at }, two),
        api.call('members.update', { tenant: at, member: three.userId, role: 'viewer' }, three),
      ]);
      expect(statusesOf(answers), answers.map(({ text }) => text).join()).toEqual([200, 200, 409]);
      expect(await ownersIn(at)).toBe(1);
      const { rows } = await api.owner.query(
        `select 1 from tenants t join memberships m on m.tenant_id = t.id and m.user_id = t.owner_id and m.role = 'owner' where t.id = $1`,
        [at],
      );
      expect(rows, 'owner_id is an owner').toHaveLength(1);
    }
  });
});
