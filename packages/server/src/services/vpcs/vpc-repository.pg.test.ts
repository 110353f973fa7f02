import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ec2Id, newId } from '../../kernel/ids.ts';
import { orderedId, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { watchMethods } from '../../testing/watch-methods.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';
import type { VpcRepository } from './vpc-repository.ts';

const watched = watchMethods(createPgVpcRepository);
let db: Seeded;
let tenant: Tenant;
let hostId: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  hostId = await db.makeHost();
});
afterAll(() => db.drop());

const asApi = <T>(work: (vpcs: VpcRepository) => Promise<T>, who = tenant) =>
  db.api.transaction(who, (sql) => work(watched.create(sql)));
const asWorker = <T>(work: (vpcs: VpcRepository) => Promise<T>) =>
  db.worker.transaction({ tenantId: '*' }, (sql) => work(watched.create(sql)));
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
    expect(await asWorker((vpcs) => vpcs.load(row.id))).toMatchObject({ version: 2, deleted_at: expect.any(Date) });
    expect(await asWorker((vpcs) => vpcs.load(newId()))).toBeUndefined();
  });

  it('finds by EC2 id, before a name and only in the tenant; lists those that are asked for', async () => {
    const who = await db.makeTenant();
    const rows = [(await insert('a', who))!, (await insert('b', who))!, (await insert('c', who))!];
    const [a, b, c] = rows.map((row) => row.id) as [string, string, string];
    // A name of before such names were refused.
    const confusing = (await insert(ec2Id('vpc', a), who))!;
    const find = (ref: string, as = who) => asApi(async (vpcs) => (await vpcs.find(as.tenantId, ref))?.id, as);
    expect(await find(ec2Id('vpc', a))).toBe(a);
    expect(await find(ec2Id('vpc', confusing.id))).toBe(confusing.id);
    expect(await find(ec2Id('vpc', a), await db.makeTenant())).toBeUndefined();

    const list = (ids: string[], limit = 9, after: string | null = null, as = who) =>
      asApi(async (vpcs) => (await vpcs.listThese(as.tenantId, ids, { limit, after })).map((row) => row.id), as);
    expect(await list([ec2Id('vpc', a), c, 'nothing', newId(), ec2Id('i', b)])).toEqual([c, a]);
    expect(await list([a, b, c], 1)).toEqual([c, b]);
    expect(await list([a, b, c], 1, b)).toEqual([a]);
    expect(await list([])).toEqual([]);
    expect(await list([a, ec2Id('vpc', b)], 9, null, await db.makeTenant())).toEqual([]);
    await asApi((vpcs) => vpcs.markDeleted(a, new Date()), who);
    expect([await find(ec2Id('vpc', a)), await list([ec2Id('vpc', a)])]).toEqual([confusing.id, []]);
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

  it('sees a renamed one as it saw it before, and takes no version back', async () => {
    const { id } = (await insert())!;
    expect(await asApi((vpcs) => vpcs.rename(id, uniqueWord(), new Date()))).toMatchObject({ observed_version: null });
    await asWorker((vpcs) => vpcs.writeStatus(id, 'active', null, 2));
    const renamed = await asApi((vpcs) => vpcs.rename(id, uniqueWord(), new Date()));
    expect(renamed).toMatchObject({ version: 3, observed_version: 3 });
    await asWorker((vpcs) => vpcs.writeStatus(id, 'pending', 'a slow pass', 2));
    expect(await asWorker((vpcs) => vpcs.load(id))).toMatchObject({ status: 'pending', observed_version: 3 });
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

  it('counts what is in it, and what is left of it', async () => {
    const { id } = (await insert())!;
    const counts = () => asApi((vpcs) => vpcs.countContents(id));
    expect(await counts()).toEqual({ instances: 0, loadBalancers: 0, scalingGroups: 0 });
    await db.owner.query(
      `insert into instances (user_id, tenant_id, name, image, status, vpc_id, private_ip, deleted_at) values
         ($1, $2, 'B', 'i', 'RUNNING', $3, '10.0.0.3', null), ($1, $2, 'a', 'i', 'RUNNING', $3, '10.0.0.2', null),
         ($1, $2, 'no-address', 'i', 'RUNNING', $3, null, null), ($1, $2, 'gone', 'i', 'RUNNING', $3, '10.0.0.4', now())`,
      [tenant.userId, tenant.tenantId, id],
    );
    await db.owner.query(
      `insert into load_balancers (user_id, tenant_id, name, status, listener_port, vpc_id) values ($1, $2, 'lb', 's', 80, $3)`,
      [tenant.userId, tenant.tenantId, id],
    );
    await db.owner.query(
      `insert into scaling_groups (user_id, tenant_id, name, vpc_id, min_instances, max_instances, desired_count, image) values ($1, $2, 'g', $3, 0, 1, 1, 'i')`,
      [tenant.userId, tenant.tenantId, id],
    );
    expect(await counts()).toEqual({ instances: 3, loadBalancers: 1, scalingGroups: 1 });
    expect(await asWorker((vpcs) => vpcs.countLeftInside(id))).toBe(4);
    expect(await asWorker((vpcs) => vpcs.names(id))).toEqual([
      { id: expect.any(String), name: 'a', address: '10.0.0.2' },
      { id: expect.any(String), name: 'B', address: '10.0.0.3' },
    ]);
  });

  it('writes a status only where it changes, and tells it', async () => {
    const { id } = (await insert())!;
    const rewritten = async () =>
      (await db.owner.query<{ xmin: string }>('select xmin::text from vpcs where id = $1', [id])).rows[0]!.xmin;
    await asWorker((vpcs) => vpcs.writeStatus(id, 'error', 'why', 1));
    const first = await rewritten();
    await asWorker((vpcs) => vpcs.writeStatus(id, 'error', 'why', 1));
    expect(await rewritten()).toBe(first);
    await asWorker((vpcs) => vpcs.writeStatus(id, 'active', null, 1));
    expect(await asWorker((vpcs) => vpcs.load(id))).toMatchObject({
      status: 'active',
      status_reason: null,
      observed_version: 1,
      version: 1,
    });
  });

  it('assigns uplinks, lists a host, and removes only what is to be deleted', async () => {
    const own = await db.makeHost();
    const rows = [(await insert())!, (await insert())!];
    for (const [index, row] of rows.entries())
      expect(await asWorker((vpcs) => vpcs.assignUplink(row.id, own))).toMatchObject({
        host_id: own,
        uplink_index: index,
      });
    await asApi((vpcs) => vpcs.markDeleted(rows[0]!.id, new Date()));
    const onHost = await asWorker((vpcs) => vpcs.idsOnHost(own));
    expect([...onHost].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: rows[0]!.id, status: 'pending', deleted: true },
      { id: rows[1]!.id, status: 'pending', deleted: false },
    ]);
    expect(await asWorker((vpcs) => vpcs.idsOnHost(hostId))).toEqual([]);
    for (const row of rows) await asWorker((vpcs) => vpcs.remove(row.id));
    expect(await asWorker((vpcs) => vpcs.load(rows[0]!.id))).toBeUndefined();
    expect(await asWorker((vpcs) => vpcs.load(rows[1]!.id))).toBeDefined();
  });

  it("knows the tenant's account number", async () => {
    expect(await asApi((vpcs) => vpcs.accountNumber(tenant.tenantId))).toMatch(/^\d{12}$/);
  });

  it('has a test for each of its methods', () => {
    expect(watched.untested()).toEqual([]);
  });
});
