import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { callerWithKey, orderedId, type Seeded, seedDatabase, show, type Tenant } from '../../testing/seed.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { createPgMemberRepository } from '../identity/index.ts';
import { createPgRoleRepository } from './role-repository.pg.ts';

type Roles = ReturnType<typeof createPgRoleRepository>;

const watched = watchMethods(createPgRoleRepository);
let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());

/** With a key of an owner: what the database asks of who changes roles. */
const shown = async <T>(who: Tenant, work: (sql: Sql) => Promise<T>): Promise<T> => {
  const { rows } = await db.owner.query<{ id: string }>(
    `select user_id as id from memberships where tenant_id = $1 order by role = 'owner' desc limit 1`,
    [who.tenantId],
  );
  const { caller } = await callerWithKey(db, { ...who, userId: rows[0]!.id });
  return db.api.transaction(who, async (sql) => {
    await show(sql, caller);
    return work(sql);
  });
};
const as = <T>(work: (roles: Roles) => Promise<T>, who: Tenant = tenant) =>
  shown(who, (sql) => work(watched.create(sql)));
const asMembers = <T>(
  work: (members: ReturnType<typeof createPgMemberRepository>) => Promise<T>,
  who: Tenant = tenant,
) => shown(who, (sql) => work(createPgMemberRepository(sql)));
const insert = async (permissions: readonly string[] = []) => {
  const role = {
    id: orderedId(),
    tenantId: tenant.tenantId,
    name: uniqueWord(),
    description: 'a role',
    at: new Date(5),
  };
  expect(await as((roles) => roles.insert(role))).toBe(true);
  await as((roles) => roles.setPermissions(tenant.tenantId, role.id, permissions));
  return role;
};
const find = (ref: string) => as((roles) => roles.find(tenant.tenantId, ref, 'no key update'));

describe('the repository of roles', () => {
  beforeAll(async () => {
    tenant = await db.makeTenant();
  });

  it("finds the tenant's own and the built-in ones, by id and by name", async () => {
    const role = await insert(['vpc:read', 'instance:read']);
    const expected = {
      id: role.id,
      tenant_id: tenant.tenantId,
      name: role.name,
      description: 'a role',
      permissions: ['instance:read', 'vpc:read'],
      version: 1,
      created_at: new Date(5),
    };
    expect([await find(role.id), await find(role.name)]).toMatchObject([expected, expected]);
    expect(await find('owner')).toMatchObject({ tenant_id: null, permissions: ['*'], version: 1 });
    for (const ref of [newId(), 'nothing']) expect(await find(ref)).toBeUndefined();
    const other = await db.makeTenant();
    expect(await as((roles) => roles.find(tenant.tenantId, role.id), other)).toBeUndefined();
    expect(await as((roles) => roles.names(tenant.tenantId))).toEqual(expect.arrayContaining([role.name, 'viewer']));
  });

  it('lists them by page, the built-in ones last, and counts the own', async () => {
    const own = await as((roles) => roles.count(tenant.tenantId));
    await insert();
    expect(await as((roles) => roles.count(tenant.tenantId))).toBe(own + 1);
    const all = await as((roles) => roles.list(tenant.tenantId, { limit: 100, after: null }));
    expect(all.map((role) => role.tenant_id === null)).toEqual([...Array(own + 1).fill(false), ...Array(5).fill(true)]);
    const first = await as((roles) => roles.list(tenant.tenantId, { limit: own, after: null }));
    expect(first).toHaveLength(own + 1);
    const rest = await as((roles) => roles.list(tenant.tenantId, { limit: 100, after: all[own + 1]!.id }));
    expect(rest).toHaveLength(4);
  });

  it('writes a role, its name once in the tenant, and what it has', async () => {
    const [one, two] = [await insert(['vpc:read', 'vpc:create']), await insert()];
    expect(await as((roles) => roles.insert({ ...one, id: newId() }))).toBe(false);
    const row = (await find(one.id))!;
    expect(await as((roles) => roles.rewrite(row, two.name, null, new Date(9)))).toBe(false);
    expect(await as((roles) => roles.rewrite(row, 'another', null, new Date(9)))).toBe(true);
    await as((roles) => roles.setPermissions(tenant.tenantId, one.id, ['vpc:read', 'vpc:delete']));
    expect(await find(one.id)).toMatchObject({
      name: 'another',
      description: null,
      version: 2,
      updated_at: new Date(9),
      permissions: ['vpc:delete', 'vpc:read'],
    });
    await as((roles) => roles.remove(tenant.tenantId, one.id));
    expect(await find(one.id)).toBeUndefined();
  });

  it('finds, lists, counts and changes who has a role, and knows another owner', async () => {
    const role = await insert();
    const other = await db.makeTenant();
    await db.owner.query('insert into memberships (tenant_id, user_id, role) values ($1, $2, $3)', [
      tenant.tenantId,
      other.userId,
      'viewer',
    ]);
    const { rows } = await db.owner.query<{ email: string }>('select email from users where id = $1', [other.userId]);
    const member = (await asMembers((members) => members.find(tenant.tenantId, rows[0]!.email.toUpperCase())))!;
    expect(member).toMatchObject({ id: other.userId, role: 'viewer', tenant_id: tenant.tenantId });
    expect(await asMembers((members) => members.find(tenant.tenantId, other.userId))).toEqual(member);
    expect(await asMembers((members) => members.find(tenant.tenantId, newId()))).toBeUndefined();
    expect(await asMembers((members) => members.setRole(member, role.name))).toBe(true);
    expect(await asMembers((members) => members.setRole(member, role.name)), 'not a viewer any more').toBe(false);
    expect(await as((roles) => roles.countMembers(tenant.tenantId, role.name))).toBe(1);
    await as((roles) => roles.moveMembers(tenant.tenantId, role.name, 'owner'));
    expect(await as((roles) => roles.countMembers(tenant.tenantId, role.name))).toBe(0);
    await asMembers((members) => members.lockTenant(tenant.tenantId));
    expect(await asMembers((members) => members.otherOwner(tenant.tenantId, tenant.userId))).toBe(other.userId);
    const listed = await asMembers((members) => members.list(tenant.tenantId, { limit: 10, after: null }));
    expect(listed.map(({ id }) => id).sort()).toEqual([tenant.userId, other.userId].sort());
    await as((roles) => roles.moveMembers(tenant.tenantId, 'owner', 'viewer'));
    expect(await asMembers((members) => members.otherOwner(tenant.tenantId, tenant.userId))).toBeUndefined();
    await db.owner.query(`update memberships set role = 'owner' where user_id = $1`, [tenant.userId]);
  });

  it('moves and ends open invitations with a role, and nothing of another role', async () => {
    const [one, two] = [await insert(), await insert()];
    const invite = async (role: string) => {
      const id = newId();
      await db.owner.query(
        `insert into invitations (id, tenant_id, email, role, token_hash, invited_by, expires_at)
         values ($1, $2, $3, $4, repeat('0', 64), $5, now() + interval '7 days')`,
        [id, tenant.tenantId, `${uniqueWord()}@example.com`, role, tenant.userId],
      );
      return id;
    };
    const [ended, moved] = [await invite(one.name), await invite(two.name)];
    const now = new Date();
    await as((roles) => roles.expireInvitations(tenant.tenantId, one.name, now));
    await as((roles) => roles.moveInvitations(tenant.tenantId, two.name, 'viewer'));
    const { rows } = await db.owner.query(
      'select id, role, expires_at <= $2 as is_over from invitations where id = any ($1) order by array_position($1, id)',
      [[ended, moved], now],
    );
    expect(rows).toEqual([
      { id: ended, role: one.name, is_over: true },
      { id: moved, role: 'viewer', is_over: false },
    ]);
  });

  it('names another owner of the tenant, only where it was this one', async () => {
    const [own, other] = [await db.makeTenant(), await db.makeTenant()];
    const ownerOf = async () =>
      (await db.owner.query<{ owner_id: string }>('select owner_id from tenants where id = $1', [own.tenantId]))
        .rows[0]!.owner_id;
    await asMembers((members) => members.handOver(own.tenantId, other.userId, other.userId), own);
    expect(await ownerOf()).toBe(own.userId);
    await asMembers((members) => members.handOver(own.tenantId, own.userId, other.userId), own);
    expect(await ownerOf()).toBe(other.userId);
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
