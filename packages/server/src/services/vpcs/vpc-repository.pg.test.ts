import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { loadRow } from '../../kernel/resource.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { VPCS } from './vpc.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';
import type { VpcRepository } from './vpc-repository.ts';

const watched = watchMethods(createPgVpcRepository);
let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const asApi = <T>(work: (vpcs: VpcRepository) => Promise<T>, who = tenant) =>
  db.api.transaction(who, (sql) => work(watched.create(sql)));
const load = (id: string) => db.worker.transaction({ tenantId: '*' }, (sql) => loadRow(sql, VPCS, id));
const insert = (name: string = uniqueWord(), who = tenant) => {
  const id = orderedId();
  return asApi(
    (vpcs) =>
      vpcs.insert({ id, ...who, name, cidrBlock: '10.0.0.0/16', networkId: 'net', arn: `arn:${id}`, at: new Date(5) }),
    who,
  );
};

describe('the repository of VPCs', () => {
  it('inserts, with a name once in a tenant; one to be deleted no longer counts', async () => {
    const name = uniqueWord();
    const row = await insert(name);
    expect(row).toMatchObject({
      user_id: tenant.userId,
      tenant_id: tenant.tenantId,
      name,
      version: 1,
      status: 'pending',
      host_id: null,
      deleted_at: null,
      created_at: new Date(5),
    });
    expect(await insert(name)).toBeUndefined();
    expect(await insert(name, await db.makeTenant())).toBeDefined();
    await asApi((vpcs) => vpcs.markDeleted(row!.id, new Date()));
    expect(await insert(name)).toBeDefined();
  });

  it('finds by id and by name, the id first, nothing deleted, nothing of others', async () => {
    const row = (await insert())!;
    // Somebody calls a VPC by another one's id.
    const confusing = (await insert(row.id))!;
    const find = (ref: string, who = tenant) => asApi((vpcs) => vpcs.find(tenant.tenantId, ref), who);
    expect((await find(row.id))?.id).toBe(row.id);
    expect((await find(row.name))?.id).toBe(row.id);
    expect(await find('nobody')).toBeUndefined();
    expect(await find(row.id, await db.makeTenant())).toBeUndefined();
    await asApi((vpcs) => vpcs.markDeleted(row.id, new Date()));
    expect((await find(row.id))?.id).toBe(confusing.id);
    expect(await find(row.name)).toBeUndefined();
    expect(await load(row.id)).toMatchObject({ version: 2, deleted_at: expect.any(Date) });
    expect(await load(newId())).toBeUndefined();
  });

  it('lists the newest first, one more than asked, from where one left', async () => {
    const who = await db.makeTenant();
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.unshift((await insert(uniqueWord(), who))!.id);
    const list = (limit: number, after: string | null) =>
      asApi(async (vpcs) => (await vpcs.list(who.tenantId, { limit, after })).map((row) => row.id), who);
    expect(await list(2, null)).toEqual(ids.slice(0, 3));
    expect(await list(2, ids[1]!)).toEqual(ids.slice(2));
    expect(await list(2, ids[3]!)).toEqual([]);
    expect(await asApi((vpcs) => vpcs.count(who.tenantId), who)).toBe(4);
    await asApi((vpcs) => vpcs.markDeleted(ids[0]!, new Date()), who);
    expect(await asApi((vpcs) => vpcs.count(who.tenantId), who)).toBe(3);
    expect(await list(9, null)).toEqual(ids.slice(1));
  });

  it('renames, not to a name that is taken, and counts the version', async () => {
    const [one, two] = [(await insert())!, (await insert())!];
    expect(await asApi((vpcs) => vpcs.rename(one.id, two.name, new Date()))).toBeUndefined();
    expect(await asApi((vpcs) => vpcs.rename(one.id, one.name, new Date()))).toMatchObject({ version: 2 });
    expect(await asApi((vpcs) => vpcs.rename(one.id, 'fresh', new Date(9)))).toMatchObject({
      name: 'fresh',
      version: 3,
      updated_at: new Date(9),
    });
  });

  it('sees a renamed one as it saw it before', async () => {
    const { id } = (await insert())!;
    expect(await asApi((vpcs) => vpcs.rename(id, uniqueWord(), new Date()))).toMatchObject({ observed_version: null });
    await db.owner.query('update vpcs set observed_version = version where id = $1', [id]);
    const renamed = await asApi((vpcs) => vpcs.rename(id, uniqueWord(), new Date()));
    expect(renamed).toMatchObject({ version: 3, observed_version: 3 });
  });

  it('holds a row until the end of the transaction', async () => {
    const row = (await insert())!;
    const order: string[] = [];
    let other: Promise<unknown> = Promise.resolve();
    await asApi(async (vpcs) => {
      await vpcs.lock(row.id);
      other = asApi((waiting) => waiting.rename(row.id, uniqueWord(), new Date())).then(() => order.push('other'));
      await new Promise((resolve) => setTimeout(resolve, 40));
      order.push('holder');
    });
    await other;
    expect(order).toEqual(['holder', 'other']);
  });

  it("knows the tenant's account number", async () => {
    expect(await asApi((vpcs) => vpcs.accountNumber(tenant.tenantId))).toMatch(/^\d{12}$/);
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
