import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, uniqueWord } from '../../testing/test-api.ts';
import { BUILT_IN_ROLES } from './built-in-roles.ts';

const { api } = await setUpApi();

const word = () => `r-${uniqueWord()}`;
/** A tenant with a member of a new role that has these permissions. */
async function makeMember(
  ...permissions: string[]
): Promise<{ owner: Actor; member: Actor; role: string; id: string }> {
  const owner = await api.makeActor();
  const { status, data, text } = await api.call('roles.create', { name: word(), permissions }, owner);
  expect(status, text).toBe(201);
  return { owner, member: await api.makeMember(owner.tenantId, data.name), role: data.name, id: data.id };
}
const bind = (by: Actor, who: string, role: string) =>
  api.call('roles.bind', { user_identifier: who, role_name: role }, by);
const roleOf = async ({ userId, tenantId }: Actor) =>
  (
    await api.owner.query<{ role: string }>('select role from memberships where user_id = $1 and tenant_id = $2', [
      userId,
      tenantId,
    ])
  ).rows[0]?.role;

describe('built-in roles', () => {
  it('have in their tables what the documents say', async () => {
    const { rows } = await api.owner.query<{ id: string; name: string; permissions: string[] }>(
      `select r.id, r.name, array_agg(p.permission::text) as permissions
       from roles r join role_permissions p on p.role_id = r.id where r.built_in group by r.id, r.name`,
    );
    const sorted = (role: { id: string; name: string; permissions: readonly string[] }) => ({
      ...role,
      permissions: [...role.permissions].sort(),
    });
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(BUILT_IN_ROLES.map(sorted).sort(byName)).toEqual(rows.map(sorted).sort(byName));
  });

  it('are listed after the tenant’s own, found by id and by name, and never changed', async () => {
    const owner = await api.makeActor();
    const name = word();
    await api.call('roles.create', { name }, owner);
    const listed = (await api.call('roles.list', {}, owner)).data as { name: string; built_in: boolean }[];
    expect(listed.map((one) => [one.name, one.built_in])).toEqual([
      [name, false],
      ...['user', 'owner', 'viewer', 'developer', 'admin'].map((one) => [one, true]),
    ]);
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.call('roles.list', { limit: 2, ...(cursor ? { cursor } : {}) }, owner);
      names.push(...page.data.map((one: { name: string }) => one.name));
      cursor = page.meta.next_cursor;
    } while (cursor !== undefined);
    expect(names).toEqual(listed.map((one) => one.name));
    const viewer = await api.call('roles.get', { id: 'viewer' }, owner);
    expect(await api.call('roles.get', { id: viewer.data.id }, owner)).toMatchObject({ data: viewer.data });
    for (const [verb, input] of [
      ['update', { description: 'x' }],
      ['delete', {}],
      ['addPermission', { permission: 'storage:read' }],
      ['removePermission', { permission: 'vpc:read' }],
    ] as const)
      expect(await api.call(`roles.${verb}`, { id: 'viewer', ...input }, owner)).toMatchObject({
        status: 409,
        message: "the role 'viewer' is built in and cannot be changed; create your own: cloud roles create",
      });
    for (const taken of ['viewer', 'Owner'])
      expect(await api.call('roles.create', { name: taken }, owner)).toMatchObject({
        status: 409,
        message: `'${taken}' is the name of a built-in role; choose another name`,
      });
  });
});

describe('a role', () => {
  it('gives its members what it has, as soon as it has it, and takes it away again', async () => {
    const { owner, member, role, id } = await makeMember('vpc:read');
    const can = async (operation: string) => (await api.call(operation, {}, member)).status === 200;
    expect([await can('vpcs.list'), await can('instances.list')]).toEqual([true, false]);
    expect((await api.call('roles.addPermission', { id: role, permission: 'instance:read' }, owner)).status).toBe(204);
    expect([await can('vpcs.list'), await can('instances.list')]).toEqual([true, true]);
    expect((await api.call('roles.removePermission', { id, permission: 'vpc:read' }, owner)).status).toBe(204);
    expect([await can('vpcs.list'), await can('instances.list')]).toEqual([false, true]);
    const put = await api.call(
      'roles.update',
      { id, name: word(), permissions: ['vpc:read'], description: 'see' },
      owner,
    );
    expect(put.data).toMatchObject({ permissions: ['vpc:read'], description: 'see', version: 4 });
    expect(await roleOf(member)).toBe(put.data.name);
    expect([await can('vpcs.list'), await can('instances.list')]).toEqual([true, false]);
    expect((await api.call('roles.update', { id, description: '' }, owner)).data).toMatchObject({
      name: put.data.name,
      permissions: ['vpc:read'],
      description: '',
    });
  });

  it('has permissions that exist; others are refused with the nearest', async () => {
    const { owner, role } = await makeMember('vpc:read');
    for (const [verb, input] of [
      ['create', { name: word(), permissions: ['instnce:read'] }],
      ['update', { id: role, permissions: ['instnce:read'] }],
      ['addPermission', { id: role, permission: 'instnce:read' }],
    ] as const)
      expect(await api.call(`roles.${verb}`, input, owner)).toMatchObject({
        status: 400,
        message:
          "permission 'instnce:read' does not exist; did you mean 'instance:read'? To list all, run: cloud roles permissions",
      });
    expect(await api.call('roles.addPermission', { id: role, permission: 'vpc:read' }, owner)).toMatchObject({
      status: 409,
    });
    expect(await api.call('roles.removePermission', { id: role, permission: 'vpc:create' }, owner)).toMatchObject({
      status: 409,
      message: `the role '${role}' does not have the permission 'vpc:create'; it has: vpc:read`,
    });
    const known = (await api.call('roles.permissions', { limit: 1000 }, owner)).data as {
      permission: string;
      operations: string[];
    }[];
    expect(known).toContainEqual({ permission: 'role:bind', operations: ['roles.bind'] });
    expect(known).toContainEqual({ permission: 'lb:read', operations: [] });
    const all = await api.call(
      'roles.create',
      { name: word(), permissions: known.map((one) => one.permission) },
      owner,
    );
    expect(all.status, all.text).toBe(201);
    expect(all.data.permissions).toHaveLength(known.length);
  });

  it('has a name that no other has', async () => {
    const { owner, role } = await makeMember();
    expect(await api.call('roles.create', { name: role }, owner)).toMatchObject({ status: 409 });
    const other = await api.call('roles.create', { name: word() }, owner);
    expect(await api.call('roles.update', { id: other.data.id, name: role }, owner)).toMatchObject({
      status: 409,
      message: `a role named '${role}' already exists; choose another name`,
    });
    expect((await api.call('roles.create', { name: role }, await api.makeActor())).status).toBe(201);
  });

  it('is not deleted while members have it, unless they are to be viewers', async () => {
    const { owner, member, role, id } = await makeMember('vpc:read', 'vpc:create');
    expect(await api.call('roles.delete', { id: role }, owner)).toMatchObject({
      status: 409,
      message: `1 member has the role '${role}'; give them another one with cloud roles bind, or set force to make them viewers`,
    });
    expect((await api.call('roles.delete', { id, force: true }, owner)).status).toBe(204);
    expect(await roleOf(member)).toBe('viewer');
    expect((await api.call('roles.get', { id }, owner)).status).toBe(404);
    expect((await api.call('vpcs.list', {}, member)).status).toBe(200);
  });

  it('is bound and deleted at the same time one after the other: nobody has a role that is gone', async () => {
    for (let round = 0; round < 10; round++) {
      const { owner, role, id } = await makeMember('vpc:read');
      const other = await api.makeMember(owner.tenantId, 'viewer');
      const [bound, removed] = await Promise.all([
        bind(owner, other.email, role),
        api.call('roles.delete', { id, force: true }, owner),
      ]);
      expect([204, 404]).toContain(bound.status);
      expect(removed.status, removed.text).toBe(204);
      expect(await roleOf(other)).toBe('viewer');
    }
  });
});

describe('nobody grants what they do not have', () => {
  const refused = (words: string) => ({ status: 403, message: expect.stringContaining(words) });

  it('by making, changing or deleting a role', async () => {
    const { owner, member, role } = await makeMember('role:create', 'role:update', 'role:delete', 'vpc:read');
    expect(await api.call('roles.create', { name: word(), permissions: ['vpc:create'] }, member)).toMatchObject(
      refused('permissions that you do not have: vpc:create; ask somebody who has them, such as an owner'),
    );
    for (const all of ['*', 'full_access'])
      expect(await api.call('roles.addPermission', { id: role, permission: all }, member)).toMatchObject(
        refused(': *'),
      );
    expect((await api.call('roles.create', { name: word(), permissions: ['vpc:read'] }, member)).status).toBe(201);
    const strong = (await api.call('roles.create', { name: word(), permissions: ['vpc:delete'] }, owner)).data.name;
    for (const [verb, input] of [
      ['update', { permissions: ['vpc:read'] }],
      ['delete', {}],
      ['removePermission', { permission: 'vpc:delete' }],
    ] as const)
      expect(await api.call(`roles.${verb}`, { id: strong, ...input }, member)).toMatchObject(refused('vpc:delete'));
    // Deleting the role would make its member a viewer, who may more.
    expect(await api.call('roles.delete', { id: role, force: true }, member)).toMatchObject(
      refused("the role 'viewer'"),
    );
    expect(await roleOf(member)).toBe(role);
  });

  it('by binding: an admin makes and unmakes no owners', async () => {
    const owner = await api.makeActor();
    const [admin, other] = [
      await api.makeMember(owner.tenantId, 'admin'),
      await api.makeMember(owner.tenantId, 'viewer'),
    ];
    expect(await bind(admin, other.email, 'owner')).toMatchObject(
      refused("the role 'owner' has permissions that you do not have: *"),
    );
    expect(await bind(admin, owner.userId, 'viewer')).toMatchObject(refused("the role 'owner'"));
    expect((await bind(admin, other.email.toUpperCase(), 'developer')).status).toBe(204);
    expect(await roleOf(other)).toBe('developer');
    expect(await roleOf(owner)).toBe('owner');
  });

  it('with a key that is limited, though its user is an owner', async () => {
    const owner = await api.makeActor();
    const other = await api.makeMember(owner.tenantId, 'viewer');
    const limited = { name: 'k', permissions: ['role:bind', 'role:create', 'vpc:read'] };
    const key = { ...owner, key: (await api.call('keys.create', limited, owner)).data.key as string };
    expect(await bind(key, other.userId, 'developer')).toMatchObject({ status: 403 });
    expect(await api.call('roles.create', { name: word(), permissions: ['*'] }, key)).toMatchObject(refused(': *'));
    expect((await api.call('roles.create', { name: word(), permissions: ['vpc:read'] }, key)).status).toBe(201);
  });
});

describe('a binding', () => {
  it('is of a member, by id or e-mail address; others are to be invited, and nobody learns whether they exist', async () => {
    const [owner, stranger] = [await api.makeActor(), await api.makeActor()];
    for (const who of [stranger.email, 'nobody@example.com'])
      expect(await bind(owner, who, 'viewer')).toMatchObject({
        status: 404,
        message: `'${who}' is not a member of this tenant; to invite them, run: cloud invitations create ${who} --role <role>`,
      });
    expect(await bind(owner, stranger.userId, 'viewer')).toMatchObject({ status: 404 });
    const member = await api.makeMember(owner.tenantId, 'viewer');
    expect(await bind(owner, member.email, 'develoer')).toMatchObject({
      status: 404,
      message:
        "role 'develoer' does not exist in this tenant; did you mean 'developer'? To list all, run: cloud roles list",
    });
    expect((await bind(owner, member.email, 'developer')).status).toBe(204);
    const listed = (await api.call('roles.bindings', {}, owner)).data as { id: string; role: string }[];
    expect(listed.map(({ id, role }) => [id, role])).toEqual([
      [member.userId, 'developer'],
      [owner.userId, 'owner'],
    ]);
  });

  it('leaves an owner: the last one stays, also when two give it up at the same time', async () => {
    const owner = await api.makeActor();
    expect(await bind(owner, owner.email, 'viewer')).toMatchObject({
      status: 409,
      message: expect.stringContaining('this is the last one'),
    });
    for (let round = 0; round < 10; round++) {
      const first = await api.makeActor();
      const second = await api.makeMember(first.tenantId, 'owner');
      const answers = await Promise.all([first, second].map((one) => bind(one, one.userId, 'viewer')));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
      const { rows } = await api.owner.query(
        `select 1 from tenants t join memberships m on m.tenant_id = t.id and m.user_id = t.owner_id and m.role = 'owner' where t.id = $1`,
        [first.tenantId],
      );
      expect(rows, 'owner_id is an owner').toHaveLength(1);
    }
  });
});
