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
  releaseHostName,
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
  hostName: more.name?.toLowerCase() ?? uniqueWord(),
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
  it('get the lowest address that nobody had, to the last one, and then the one that was given back longest ago', async () => {
    const vpc = await makeVpc();
    const owners = Array.from({ length: 13 }, () => newId());
    const release = (ownerId: string) => asWorker((sql) => releaseInterface(sql, 'instance', ownerId));
    const first = [];
    for (const ownerId of owners.slice(0, 5)) first.push((await attach(vpc, { ownerId })).address);
    for (const ownerId of [owners[4]!, owners[1]!]) await release(ownerId);
    const rest = [];
    for (const ownerId of owners.slice(5)) rest.push((await attach(vpc, { ownerId })).address);
    expect([...first, ...rest]).toEqual(Array.from({ length: 13 }, (_, index) => `10.0.0.${index + 2}`));
    const [reused, last] = [newId(), newId()];
    expect((await attach(vpc, { ownerId: reused })).address).toBe('10.0.0.6');
    await release(owners[7]!);
    await release(reused);
    expect((await attach(vpc)).address).toBe('10.0.0.3');
    expect((await attach(vpc, { ownerId: last })).address).toBe('10.0.0.9');
    expect((await attach(vpc)).address).toBe('10.0.0.6');
    await expect(attach(vpc)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `the VPC '${vpc.name}' has no free address left; delete something in it, or use another VPC`,
    });
    expect((await attach(await makeVpc())).address).toBe('10.0.0.2');
    await release(last);
    expect((await attach(vpc)).address).toBe('10.0.0.9');
  });

  it('use every address and reuse none before the others, whatever comes and goes (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.nat(12), { freq: 2 }), { minLength: 20, maxLength: 40 }),
        async (steps) => {
          const vpc = await makeVpc();
          const living: { address: string; ownerId: string }[] = [];
          // What is free, in the order in which it has to be given out.
          const free = Array.from({ length: 13 }, (_, index) => `10.0.0.${index + 2}`);
          for (const step of steps) {
            if (step !== null && living.length > 0) {
              const [gone] = living.splice(step % living.length, 1);
              await asWorker((sql) => releaseInterface(sql, 'instance', gone!.ownerId));
              free.push(gone!.address);
            } else if (free.length > 0) {
              const ownerId = newId();
              const { address } = await attach(vpc, { ownerId });
              expect(address).toBe(free.shift());
              living.push({ address, ownerId });
            } else {
              await expect(attach(vpc)).rejects.toMatchObject({ code: 'CONFLICT' });
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('have the MAC that their address always has: what neighbours remember of it stays true', async () => {
    const vpc = await makeVpc();
    const owners = Array.from({ length: 13 }, () => newId());
    const made = [];
    for (const ownerId of owners) made.push(await attach(vpc, { ownerId }));
    expect(new Set(made.map((one) => one.mac)).size).toBe(13);
    expect(made[0]).toEqual({ address: '10.0.0.2', mac: '02:5a:0a:00:00:02' });
    await asWorker((sql) => releaseInterface(sql, 'instance', owners[5]!));
    expect(await attach(vpc)).toEqual(made[5]);
    // One that was made when MACs followed from the owner.
    const old = { address: made[7]!.address, mac: '02:12:34:56:78:9a' };
    await db.owner.query('update network_interfaces set mac = $2 where owner_id = $1', [owners[7], old.mac]);
    await asWorker((sql) => releaseInterface(sql, 'instance', owners[7]!));
    expect(await attach(vpc)).toEqual(old);
    expect(await attach(await makeVpc('192.168.255.0/24'))).toEqual({
      address: '192.168.255.2',
      mac: '02:5a:c0:a8:ff:02',
    });
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

  it('are told by host name, and by owner', async () => {
    const vpc = await makeVpc();
    const [zoe, anna] = [newId(), newId()];
    await attach(vpc, { ownerId: zoe, name: 'Zoe' });
    await attach(vpc, { ownerId: anna, name: 'anna', ownerKind: 'load_balancer', hostId: null });
    expect(await asWorker((sql) => listNames(sql, vpc.id))).toEqual([
      { name: 'anna', address: '10.0.0.3' },
      { name: 'zoe', address: '10.0.0.2' },
    ]);
    await asWorker((sql) => wakeOwners(sql, vpc.id));
    const woken = { tenant_id: tenant.tenantId, wakes: '1' };
    expect(await wakesOf(zoe)).toEqual({ ...woken, kind: 'instance', host_id: hostId });
    expect(await wakesOf(anna)).toEqual({ ...woken, kind: 'load_balancer', host_id: null });
  });

  it('have a host name each that no other in the VPC has, until it is being deleted', async () => {
    const [vpc, other] = [await makeVpc(), await makeVpc()];
    const ownerId = newId();
    await attach(vpc, { ownerId, name: 'Web' });
    await expect(attach(vpc, { name: 'web' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `name 'web' gives the host name 'web', which 'Web' already has in the VPC '${vpc.name}'; choose another name`,
    });
    await expect(attach(vpc, { name: 'Web' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `'Web' already exists in the VPC '${vpc.name}'; choose another name`,
    });
    await attach(other, { name: 'web' });
    await asApi((sql) => releaseHostName(sql, 'instance', ownerId));
    expect(await attach(vpc, { name: 'web' })).toMatchObject({ address: '10.0.0.3' });
    expect(await asWorker((sql) => listNames(sql, vpc.id))).toEqual([{ name: 'web', address: '10.0.0.3' }]);
  });

  it('never share a host name, also when two are made at the same moment', async () => {
    const vpc = await makeVpc();
    const both = await Promise.allSettled([attach(vpc, { name: 'Twin' }), attach(vpc, { name: 'twin' })]);
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await asWorker((sql) => listNames(sql, vpc.id))).toHaveLength(1);
  });

  it('that somebody without the lock was faster to get are a conflict, and are tried again', async () => {
    const vpc = await makeVpc();
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () =>
        attach(vpc).then(
          (made) => made.address,
          (error: Error) => error.message.replace(/^the address .* in/, 'it in'),
        ),
      ),
    );
    const made = outcomes.filter((one) => one.startsWith('10.'));
    expect(new Set(made).size).toBe(made.length);
    for (const one of outcomes)
      if (!made.includes(one)) expect(one).toBe(`it in the VPC '${vpc.name}' was just taken; try again`);
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
