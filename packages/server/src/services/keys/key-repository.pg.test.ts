import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAwsKeyPair, newId } from '../../kernel/ids.ts';
import { callerWithKey, orderedId, type Seeded, seedDatabase, show, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { createPgKeyRepository, type NewKey } from './key-repository.pg.ts';

type Keys = ReturnType<typeof createPgKeyRepository>;

const watched = watchMethods(createPgKeyRepository);
let db: Seeded;
let tenant: Tenant;
let own: Awaited<ReturnType<typeof callerWithKey>>;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  own = await callerWithKey(db, tenant);
  await db.owner.query(
    `update api_keys set kind = 'session', tenant_id = null, expires_at = now() + interval '1 day' where id = $1`,
    [own.keyId],
  );
});
afterAll(() => db.drop());

/** With a session's key, which counts among no keys. */
const as = <T>(work: (keys: Keys) => Promise<T>, shown = own) =>
  db.api.transaction(tenant, async (sql) => {
    await show(sql, shown.caller);
    return work(watched.create(sql));
  });
const newKey = (more: Partial<NewKey> = {}): NewKey => ({
  id: orderedId(),
  ...tenant,
  name: uniqueWord(),
  hash: uniqueWord().padEnd(64, '0'),
  prefix: 'thecloud_abcd',
  permissions: null,
  cidrs: null,
  expires_at: null,
  madeWith: own.keyId,
  allTenants: false,
  awsAccessKeyId: uniqueWord(),
  awsSecretSealed: 'sealed',
  at: new Date(6),
  ...more,
});
const insertSession = async () => {
  const id = orderedId();
  await db.owner.query(
    `insert into api_keys (id, user_id, tenant_id, key, name, kind, expires_at) values ($1, $2, $3, $4, $4, 'session', now() + interval '1 day')`,
    [id, tenant.userId, tenant.tenantId, uniqueWord()],
  );
  return id;
};

describe('the repository of keys', () => {
  it("finds by id or name, lists and counts a user's live keys", async () => {
    const one = newKey();
    expect(await as((keys) => keys.insert(one))).toMatchObject({
      id: one.id,
      name: one.name,
      kind: 'api',
      permissions: null,
      cidrs: null,
      aws_access_key_id: one.awsAccessKeyId,
      created_at: new Date(6),
      last_used: null,
    });
    const session = await insertSession();
    const expired = newKey({ expires_at: new Date(1) });
    await as((keys) => keys.insert(expired));
    const find = (ref: string, userId = tenant.userId) => as((keys) => keys.find(tenant.tenantId, userId, ref, true));
    expect(await find(one.id)).toMatchObject({ id: one.id });
    expect(await find(one.name)).toMatchObject({ id: one.id, namesakes: 0 });
    for (const ref of ['nothing', expired.id]) expect(await find(ref)).toBeUndefined();
    expect(await find(one.id, newId())).toBeUndefined();
    const list = (limit = 10, after: string | null = null) =>
      as(async (keys) => (await keys.list(tenant.tenantId, tenant.userId, { limit, after })).map((key) => key.id));
    const count = () => as((keys) => keys.count(tenant.tenantId, tenant.userId));
    expect(await count(), 'neither the session nor the expired one').toBe(1);
    expect(await list()).toEqual([session, one.id]);
    expect(await list(1)).toEqual([session, one.id]);
    expect(await list(1, session)).toEqual([one.id]);
    const twin = newKey({ name: one.name });
    await as((keys) => keys.insert(twin));
    expect(await find(one.name)).toMatchObject({ id: twin.id, namesakes: 1 });
    await as((keys) => keys.revoke(one.id, new Date(9)));
    await as((keys) => keys.revoke(one.id, new Date(99)));
    const { rows } = await db.owner.query<{ revoked_at: Date }>('select revoked_at from api_keys where id = $1', [
      one.id,
    ]);
    expect(rows[0]!.revoked_at).toEqual(new Date(9));
    expect(await list()).toEqual([twin.id, session]);
    expect(await count()).toBe(1);
  });

  it("finds and lists all members' keys, without sessions", async () => {
    const key = newKey({ awsAccessKeyId: newAwsKeyPair().accessKeyId });
    await as((keys) => keys.insert(key));
    const session = await insertSession();
    const find = (id: string) => as((keys) => keys.findOfTenant(tenant.tenantId, id, true));
    expect([(await find(key.id))?.id, await find(session), await find(newId())]).toEqual([
      key.id,
      undefined,
      undefined,
    ]);
    expect((await find(key.awsAccessKeyId))?.id).toBe(key.id);
    const page = { limit: 10, after: null };
    for (const list of [
      (keys: Keys) => keys.listOfTenant(tenant.tenantId, page),
      (keys: Keys) => keys.listOfMember(tenant.tenantId, tenant.userId, page),
    ]) {
      const ids = (await as(list)).map(({ id }) => id);
      expect(ids).toContain(key.id);
      expect(ids).not.toContain(session);
    }
    expect(await as((keys) => keys.listOfMember(tenant.tenantId, newId(), page))).toEqual([]);
  });

  it('keeps and changes limits; an end comes no later for being set again', async () => {
    const limits = { permissions: ['vpc:read'], cidrs: ['10.0.0.0/8', '2001:db8::/32'], expires_at: new Date(1e13) };
    const key = newKey(limits);
    expect(await as((keys) => keys.insert(key))).toMatchObject(limits);
    const changed = { permissions: ['vpc:create'], cidrs: null, expires_at: null };
    expect(await as((keys) => keys.change(key.id, 'other', changed, false))).toMatchObject({
      name: 'other',
      all_tenants: false,
      ...changed,
    });
    const free = { ...changed, permissions: null };
    expect(await as((keys) => keys.change(key.id, 'other', free, true))).toMatchObject({ all_tenants: true });
    for (const at of [new Date(9e12), new Date(9.5e12)]) await as((keys) => keys.expire(key.id, at));
    expect(await as((keys) => keys.find(tenant.tenantId, tenant.userId, key.id, false))).toMatchObject({
      expires_at: new Date(9e12),
    });
  });

  it('revokes what was made with a key, and with that, in whatever tenant of the user, also where it goes round', async () => {
    const [first, second, third, other] = [newKey(), newKey(), newKey(), newKey()];
    for (const key of [first, second, third]) await as((keys) => keys.insert(key));
    const standsBy = 'update api_keys set made_with = $1 where id = $2';
    await db.owner.query(standsBy, [first.id, second.id]);
    await db.owner.query(standsBy, [second.id, third.id]);
    await as(async (keys) => {
      await keys.expire(first.id, new Date(1e13));
      await keys.insert(other);
      await keys.replaceMadeWith(first.id, other.id);
    });
    await db.owner.query('update api_keys set made_with = $1 where id = $2', [third.id, other.id]);
    const revoke = (id: string, spared: string | null = null) =>
      as((keys) => keys.revokeMadeWith(id, new Date(7), spared));
    expect(await revoke(first.id)).toBe(0);
    expect(await revoke(other.id, third.id)).toBe(2);
    expect(await revoke(other.id)).toBe(1);
    expect(await revoke(other.id)).toBe(0);
    const stranger = await db.makeTenant();
    expect(
      await db.api.transaction(stranger, (sql) =>
        createPgKeyRepository(sql).revokeMadeWith(third.id, new Date(7), null),
      ),
    ).toBe(0);
  });

  it('holds a key of the user in whatever tenant, and counts the temporary ones of it that live', async () => {
    const shown = await callerWithKey(db, tenant, ['identity:create', 'vpc:read']);
    const parent = { id: shown.keyId, permissions: ['identity:create', 'vpc:read'] };
    const permissions = ['vpc:read'];
    const temporary = (more: Partial<NewKey> = {}) =>
      as(
        (keys) => keys.insert(newKey({ parentId: parent.id, permissions, expires_at: new Date(1e13), ...more })),
        shown,
      );
    const { id } = await temporary();
    const { id: revoked } = await temporary();
    await temporary({ expires_at: new Date(9) });
    await as((keys) => keys.revoke(revoked, new Date(9)));
    expect(await as((keys) => keys.countOf({ id: parent.id, user_id: tenant.userId }))).toBe(1);
    const find = (ref: string) => as((keys) => keys.find(tenant.tenantId, tenant.userId, ref, false));
    expect(await find(id)).toMatchObject({ kind: 'temporary', parent_id: parent.id });
    const elsewhere = await db.makeTenant();
    const held = (who: typeof tenant) =>
      db.api.transaction(who, (sql) => watched.create(sql).holdOwn(parent.id)).then((row) => row?.permissions);
    expect(await held({ ...elsewhere, userId: tenant.userId })).toEqual(parent.permissions);
    expect(await held(elsewhere)).toBeUndefined();
    await as((keys) => keys.revoke(parent.id, new Date(9)));
    expect([await held(tenant), await find(id)]).toEqual([undefined, undefined]);
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
