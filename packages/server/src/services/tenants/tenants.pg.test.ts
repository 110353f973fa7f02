import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, PASSWORD, uniqueWord } from '../../testing/test-api.ts';

const { api } = await setUpApi();

const make = async (actor: Pick<Actor, 'key'>, more: object = {}) => {
  const answer = await api.call('tenants.create', { name: `Team ${uniqueWord()}`, ...more }, actor);
  expect(answer, answer.text).toMatchObject({ status: 201 });
  return answer.data as { id: string; slug: string; name: string };
};
const vpcIn = (actor: Pick<Actor, 'key'>, tenantId?: string) =>
  api.call(
    'vpcs.create',
    { name: `v-${uniqueWord()}` },
    actor,
    tenantId ? { headers: { 'x-tenant-id': tenantId } } : {},
  );
const login = async (email: string) => {
  const { data } = await api.call('auth.login', { email, password: PASSWORD }, undefined);
  return { key: data.api_key as string };
};
const statusesOf = (answers: readonly { readonly status: number }[]) => answers.map(({ status }) => status).sort();

describe('the first steps of a client', () => {
  it('register, log in, create a tenant, switch to it, and act there with the same key', async () => {
    const email = `${uniqueWord()}@example.com`;
    const password = `Tr0ub4dor&3 ${uniqueWord()}`;
    const registered = await api.send('POST', '/auth/register', { body: { email, password, name: 'Ada' } });
    expect(registered.status).toBe(201);
    const { data } = await api.send('POST', '/auth/login', { body: { email, password } });
    const key = data.api_key as string;
    const slug = `Team ${uniqueWord()}`;
    const created = await api.send('POST', '/tenants', { key, body: { name: 'My team', slug } });
    expect(created).toMatchObject({
      status: 201,
      data: {
        name: 'My team',
        slug: slug.toLowerCase().replaceAll(' ', '-'),
        owner_id: registered.data.id,
        status: 'active',
        plan: 'free',
        role: 'owner',
      },
    });
    const { id } = created.data;
    expect(await api.send('POST', `/tenants/${id}/switch`, { key })).toMatchObject({
      status: 200,
      data: { message: "you act in the tenant 'My team' now" },
    });
    expect((await api.send('GET', '/auth/me', { key })).data).toMatchObject({ tenant_id: id, default_tenant_id: id });
    const vpc = await api.send('POST', '/vpcs', { key, body: { name: 'main' } });
    expect(vpc).toMatchObject({ status: 201, data: { tenant_id: id } });
    // The next login starts there, too.
    const again = await api.send('POST', '/auth/login', { body: { email, password } });
    expect(again.data.user).toMatchObject({ tenant_id: id });
    // And so can a client that names the tenant with each call.
    const other = await make({ key });
    expect(await vpcIn({ key }, other.id)).toMatchObject({ status: 201, data: { tenant_id: other.id } });
  });
});

describe('a tenant', () => {
  it('gets its slug from what is given, or from its name; a taken one is refused with the way out', async () => {
    const actor = await api.makeActor();
    const word = uniqueWord();
    expect((await make(actor, { slug: ` Ünïcode Team ${word}! ` })).slug).toBe(`unicode-team-${word}`);
    expect((await make(actor, { name: `Plan B ${word}` })).slug).toBe(`plan-b-${word}`);
    expect((await make(actor, { name: `Plan B ${word}` })).slug).toMatch(new RegExp(`^plan-b-${word}-[0-9a-f]{6}$`));
    expect((await make(actor, { name: '日本' })).slug).toMatch(/^tenant/);
    expect(await api.call('tenants.create', { name: 'x', slug: `PLAN b ${word}` }, actor)).toMatchObject({
      status: 409,
      message: `a tenant with the slug 'plan-b-${word}' already exists; choose another slug`,
    });
    for (const slug of ['current', '日本', '01a22d7e-1090-7197-bfc7-99fd4d3694d4'])
      expect(await api.call('tenants.create', { name: 'x', slug }, actor), slug).toMatchObject({ status: 400 });
  });

  it('is found by id, by slug and as the current one by its members, and by nobody else', async () => {
    const [owner, stranger] = [await api.makeActor(), await api.makeActor()];
    const { id, slug } = await make(owner);
    for (const ref of [id, slug, id.toUpperCase()])
      expect(await api.call('tenants.get', { id: ref }, owner)).toMatchObject({
        status: 200,
        data: { id, role: 'owner' },
      });
    expect((await api.call('tenants.get', { id: 'current' }, owner)).data.id).toBe(owner.tenantId);
    for (const ref of [id, slug, 'nobody-has-this'])
      expect(await api.call('tenants.get', { id: ref }, stranger)).toMatchObject({
        status: 404,
        message: `tenant '${ref}' does not exist`,
      });
    const list = await api.call('tenants.list', {}, owner);
    expect(list.data.map((tenant: { id: string }) => tenant.id).sort()).toEqual([id, owner.tenantId].sort());
    expect((await api.call('tenants.list', {}, stranger)).data).toHaveLength(1);
  });

  it('counts against what a user may own, exactly, however many are made at once', async () => {
    const actor = await api.makeActor();
    for (let n = 0; n < 15; n++) await make(actor);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.call('tenants.create', { name: `x ${uniqueWord()}` }, actor)),
    );
    expect(statusesOf(answers)).toEqual([201, 201, 201, 201, 429, 429, 429, 429]);
    expect(answers.find(({ status }) => status === 429)!.message).toMatch(/^you own 20 of 20 tenants; close one/);
  });

  it('is changed by who may, and its slug stays unique', async () => {
    const owner = await api.makeActor();
    const [one, two] = [await make(owner), await make(owner)];
    const changed = await api.call('tenants.update', { id: one.slug, name: 'New name' }, owner);
    expect(changed).toMatchObject({ status: 200, data: { name: 'New name', slug: one.slug } });
    expect(await api.call('tenants.update', { id: one.id, slug: two.slug }, owner)).toMatchObject({ status: 409 });
    expect(await api.call('tenants.update', { id: one.id }, owner)).toMatchObject({ status: 400 });
    expect(await api.call('tenants.update', { id: one.id, name: 'New name' }, owner)).toMatchObject({ status: 200 });
    const admin = await api.makeMember(one.id, 'admin');
    expect(await api.call('tenants.update', { id: one.id, require_second_factor: true }, admin)).toMatchObject({
      status: 403,
      message: 'only an owner decides whether the tenant requires a second factor; ask one of them',
    });
    expect(await api.call('tenants.update', { id: one.id, name: 'By an admin' }, admin)).toMatchObject({ status: 200 });
    const viewer = await api.makeMember(one.id, 'viewer');
    expect(await api.call('tenants.update', { id: one.id, name: 'Mine' }, viewer)).toMatchObject({ status: 403 });
    const strict = await api.call('tenants.update', { id: one.id, require_second_factor: true }, owner);
    expect(strict).toMatchObject({ status: 200, data: { require_second_factor: true } });
    // From the next call on, for the owner too.
    expect(await vpcIn(owner, one.id)).toMatchObject({
      status: 403,
      message: expect.stringContaining('requires a second factor'),
    });
  });

  it('that an API key is switched to becomes the default, and the key keeps its own', async () => {
    const owner = await api.makeActor();
    const { id } = await make(owner);
    const answer = await api.call('tenants.switch', { id }, owner);
    expect(answer.data.message).toContain('this API key keeps its own tenant');
    expect((await api.call('auth.me', {}, owner)).data).toMatchObject({
      tenant_id: owner.tenantId,
      default_tenant_id: id,
    });
  });

  it('writes its own trail, whatever the caller’s active tenant is', async () => {
    const owner = await api.makeActor();
    const { id } = await make(owner);
    await api.call('invitations.create', { tenant: id, email: `${uniqueWord()}@example.com`, role: 'viewer' }, owner);
    const trail = async (tenantId: string) =>
      (await api.owner.query('select action from audit_logs where tenant_id = $1 order by seq', [tenantId])).rows.map(
        ({ action }) => action,
      );
    expect(await trail(id)).toEqual(['tenant.create', 'invitation.create']);
    expect(await trail(owner.tenantId)).toEqual([]);
  });
});

describe('a suspended tenant', () => {
  it('is closed at every door within a second; its members see why and can go elsewhere; then it goes on', async () => {
    const owner = await api.makeActor();
    const { id } = await make(owner);
    const session = await login(owner.email);
    expect((await api.call('tenants.switch', { id }, session)).status).toBe(200);
    const operator = await api.makeActor({ platformRole: 'admin' });
    const reason = 'the bill is not paid';
    expect((await api.call('admin-tenants.suspend', { id, reason }, operator)).status).toBe(200);
    for (const refused of [
      await vpcIn(session),
      await vpcIn(owner, id),
      await api.call('members.list', { tenant: id }, owner),
    ])
      expect(refused).toMatchObject({ status: 403, message: expect.stringContaining('suspended') });
    await systemClock.sleep(1_000);
    expect(await api.call('vpcs.list', {}, session)).toMatchObject({ status: 403 });
    const { data } = await api.call('tenants.list', {}, session);
    expect(data.find((tenant: { id: string }) => tenant.id === id)).toMatchObject({
      status: 'suspended',
      status_reason: 'the bill is not paid',
    });
    expect((await vpcIn(owner)).status).toBe(201);
    expect((await api.call('tenants.switch', { id: owner.tenantId }, session)).status).toBe(200);
    expect((await vpcIn(session)).status).toBe(201);
    expect((await api.call('admin-tenants.resume', { id }, operator)).status).toBe(200);
    expect((await vpcIn(owner, id)).status).toBe(201);
  });
});

describe('closing a tenant', () => {
  it('is refused while it contains resources, with their number, and without its name', async () => {
    const owner = await api.makeActor();
    const { id, name } = await make(owner);
    const vpc = await vpcIn(owner, id);
    expect(await api.call('tenants.close', { id, confirm: 'yes' }, owner)).toMatchObject({
      status: 400,
      message: `confirm 'yes' is not the name of the tenant, which is '${name}'`,
    });
    expect(await api.call('tenants.close', { id, confirm: name }, owner)).toMatchObject({
      status: 409,
      message: `the tenant '${name}' still contains 1 VPC; delete them first`,
    });
    await api.owner.query('delete from vpcs where id = $1', [vpc.data.id]);
    expect((await api.call('tenants.close', { id, confirm: name }, owner)).status).toBe(200);
  });

  it('is for who may delete it: an owner, not an admin', async () => {
    const owner = await api.makeActor();
    const { id, name } = await make(owner);
    const admin = await api.makeMember(id, 'admin');
    expect(await api.call('tenants.close', { id, confirm: name }, admin)).toMatchObject({
      status: 403,
      message: expect.stringContaining('tenant:delete'),
    });
  });

  it('ends keys, memberships and invitations, frees the slug, keeps the trail, and leaves sessions elsewhere', async () => {
    const owner = await api.makeActor();
    const { id, name, slug } = await make(owner);
    const member = await api.makeMember(id, 'developer');
    const session = await login(owner.email);
    await api.call('tenants.switch', { id }, session);
    await api.call('invitations.create', { tenant: id, email: `${uniqueWord()}@example.com`, role: 'viewer' }, owner);
    expect((await api.call('tenants.close', { id: slug, confirm: slug }, session)).status).toBe(200);
    expect(await api.call('auth.me', {}, member)).toMatchObject({ status: 401 });
    expect(await api.call('tenants.get', { id }, owner)).toMatchObject({ status: 404 });
    // The session goes on, in the owner's other tenant.
    expect((await api.call('auth.me', {}, session)).data).toMatchObject({ tenant_id: owner.tenantId });
    const again = await make(owner, { name, slug });
    expect(again.slug).toBe(slug);
    const { rows } = await api.owner.query(
      `select closed_at is not null as closed, slug, (select count(*)::int from audit_logs a where a.tenant_id = t.id) as trail,
         (select count(*)::int from invitations i where i.tenant_id = t.id) as invitations from tenants t where id = $1`,
      [id],
    );
    expect(rows).toEqual([{ closed: true, slug: `closed-${id}`, trail: 4, invitations: 0 }]);
  });

  it('and creating in it at the same moment: one of them is refused', async () => {
    for (let round = 0; round < 8; round++) {
      const owner = await api.makeActor();
      const { id, name } = await make(owner);
      const [closed, created] = await Promise.all([
        api.call('tenants.close', { id, confirm: name }, owner),
        vpcIn(owner, id),
      ]);
      const { rows } = await api.owner.query('select 1 from vpcs where tenant_id = $1', [id]);
      expect([closed.status, created.status, rows.length], `${closed.text} ${created.text}`).toEqual(
        closed.status === 200 ? [200, expect.any(Number), 0] : [409, 201, 1],
      );
      expect([201, 403, 409]).toContain(created.status);
    }
  });
});
