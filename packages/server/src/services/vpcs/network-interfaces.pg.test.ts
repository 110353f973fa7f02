import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { insertVpc } from './examples.ts';
import {
  attachInterface,
  countInterfaces,
  listNames,
  type NewInterface,
  releaseInterface,
  wakeOwners,
} from './network-interfaces.ts';
import { findVpcForInstance, type VpcForInstance } from './vpc-reader.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  hostId = await db.makeHost();
});
afterAll(() => db.drop());

const asApi = <T>(work: (sql: Sql) => Promise<T>) => db.api.transaction(tenant, work);
const asWorker = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);
const makeVpc = async (cidr = '10.0.0.0/28'): Promise<VpcForInstance> => {
  const id = await insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord });
  await db.owner.query('update vpcs set cidr_block = $2 where id = $1', [id, cidr]);
  return (await asApi((sql) => findVpcForInstance(sql, tenant.tenantId, id)))!;
};
const interfaceIn = (vpc: VpcForInstance, more: Partial<NewInterface> = {}): NewInterface => ({
  id: newId(),
  vpc,
  tenantId: tenant.tenantId,
  ownerKind: 'instance',
  ownerId: newId(),
  hostId,
  name: uniqueWord(),
  ...more,
});
const attach = (vpc: VpcForInstance, more: Partial<NewInterface> = {}) =>
  asApi((sql) => attachInterface(sql, interfaceIn(vpc, more)));
const wakesOf = async (id: string) =>
  (
    await db.owner.query<{ kind: string; host_id: string; tenant_id: string; wakes: string }>(
      'select kind, host_id, tenant_id, wakes from reconcile where id = $1',
      [id],
    )
  ).rows[0];

describe('the network interfaces of a VPC', () => {
  it('get the lowest free address, to the last one, and a MAC each', async () => {
    const vpc = await makeVpc();
    const owners = Array.from({ length: 13 }, () => newId());
    const made = [];
    for (const ownerId of owners) made.push(await attach(vpc, { ownerId }));
    expect(made.map((one) => one.address)).toEqual(Array.from({ length: 13 }, (_, index) => `10.0.0.${index + 2}`));
    expect(new Set(made.map((one) => one.mac)).size).toBe(13);
    for (const { mac } of made) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    await expect(attach(vpc)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `the VPC '${vpc.name}' has no free address left`,
    });
    await asWorker((sql) => releaseInterface(sql, 'instance', owners[5]!));
    await asWorker((sql) => releaseInterface(sql, 'instance', owners[2]!));
    expect((await attach(vpc)).address).toBe('10.0.0.4');
    expect((await attach(await makeVpc())).address).toBe('10.0.0.2');
  });

  it('always get the lowest free address (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 2, max: 14 }), { maxLength: 12 }), async (used) => {
        const vpc = await makeVpc();
        for (const host of used)
          await db.owner.query(
            `insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, name, address, mac)
             values ($1, $2, 'instance', $3, 'x', $4, $5)`,
            [tenant.tenantId, vpc.id, newId(), `10.0.0.${host}`, `02:00:00:00:00:${host + 10}`],
          );
        const lowest = Array.from({ length: 13 }, (_, index) => index + 2).find((host) => !used.includes(host));
        expect((await attach(vpc)).address).toBe(`10.0.0.${lowest}`);
      }),
      { numRuns: 12 },
    );
  });

  it('wake their VPC when they go', async () => {
    const vpc = await makeVpc();
    const ownerId = newId();
    await attach(vpc, { ownerId });
    await asWorker((sql) => releaseInterface(sql, 'load_balancer', ownerId));
    expect(await asWorker((sql) => countInterfaces(sql, vpc.id))).toBe(1);
    await asWorker((sql) => releaseInterface(sql, 'instance', ownerId));
    await asWorker((sql) => releaseInterface(sql, 'instance', ownerId));
    expect(await wakesOf(vpc.id)).toMatchObject({
      kind: 'vpc',
      host_id: hostId,
      tenant_id: tenant.tenantId,
      wakes: '1',
    });
    expect(await asWorker((sql) => countInterfaces(sql, vpc.id))).toBe(0);
  });

  it('are told by name, as people wrote it, and by owner', async () => {
    const vpc = await makeVpc();
    const [zoe, anna] = [newId(), newId()];
    await attach(vpc, { ownerId: zoe, name: 'Zoë' });
    await attach(vpc, { ownerId: anna, name: 'anna', ownerKind: 'load_balancer', hostId: null });
    expect(await asWorker((sql) => listNames(sql, vpc.id))).toEqual([
      { owner_id: anna, name: 'anna', address: '10.0.0.3' },
      { owner_id: zoe, name: 'Zoë', address: '10.0.0.2' },
    ]);
    await asWorker((sql) => wakeOwners(sql, vpc.id));
    const woken = { tenant_id: tenant.tenantId, wakes: '1' };
    expect(await wakesOf(zoe)).toEqual({ ...woken, kind: 'instance', host_id: hostId });
    expect(await wakesOf(anna)).toEqual({ ...woken, kind: 'load_balancer', host_id: null });
  });

  it('that somebody without the lock was faster to get are a conflict, and are tried again', async () => {
    const vpc = await makeVpc();
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () =>
        attach(vpc).then(
          (made) => made.address,
          (error: Error) => error.message.replace(/^the address .* of/, 'the address of'),
        ),
      ),
    );
    const made = outcomes.filter((one) => one.startsWith('10.'));
    expect(new Set(made).size).toBe(made.length);
    for (const one of outcomes)
      if (!made.includes(one)) expect(one).toBe(`the address of the VPC '${vpc.name}' was taken just now; try again`);
    const again = interfaceIn(vpc);
    await asApi((sql) => attachInterface(sql, again));
    await expect(asApi((sql) => attachInterface(sql, { ...again, id: newId() }))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it("are nobody else's: neither another tenant's nor for the API to take away", async () => {
    const vpc = await makeVpc();
    await attach(vpc);
    const stranger = await db.makeTenant();
    const seen = await db.api.transaction(stranger, (sql) => sql.query('test.see', 'select 1 from network_interfaces'));
    expect(seen).toEqual([]);
    const intruding = db.api.transaction(stranger, (sql) =>
      attachInterface(sql, interfaceIn(vpc, { tenantId: stranger.tenantId })),
    );
    await expect(intruding).rejects.toMatchObject({ code: expect.stringMatching(/^(23503|CONFLICT)$/) });
    const removing = asApi((sql) => sql.query('test.remove', 'delete from network_interfaces'));
    await expect(removing).rejects.toMatchObject({ code: '42501' });
  });
});
