import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import type { Pass, Reconciler } from '../../kernel/reconcile.ts';
import { createFakeNetworkEngine, type FakeNetworkEngine } from '../../testing/fake-engines.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { observeNetworks } from './observe-networks.ts';
import { createVpcReconciler } from './reconcile-vpc.ts';
import { presentVpc } from './vpc.ts';
import { findVpcForInstance, loadVpcForInstance } from './vpc-reader.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
let engine: FakeNetworkEngine;
let reconciler: Reconciler;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());
beforeEach(async () => {
  hostId = await db.makeHost();
  engine = createFakeNetworkEngine();
  reconciler = createVpcReconciler({ engine, hostId });
});

const repository = <T>(work: (vpcs: ReturnType<typeof createPgVpcRepository>) => Promise<T>) =>
  db.worker.transaction({ tenantId: '*' }, (sql) => work(createPgVpcRepository(sql)));
const create = async (): Promise<string> => {
  const id = newId();
  await repository((vpcs) =>
    vpcs.insert({
      id,
      ...tenant,
      name: `vpc-${uniqueWord()}`,
      cidrBlock: '10.1.0.0/24',
      networkId: 'n',
      arn: `arn:${id}`,
      at: new Date(),
    }),
  );
  return id;
};
const insertInstance = async (
  vpcId: string,
  options: { name?: string; ip?: string; status?: string } = {},
): Promise<string> =>
  (
    await db.owner.query<{ id: string }>(
      `insert into instances (user_id, tenant_id, name, image, status, vpc_id, private_ip, host_id) values ($1, $2, $3, 'busybox', $4, $5, $6, $7) returning id`,
      [
        tenant.userId,
        tenant.tenantId,
        options.name ?? `vm-${uniqueWord()}`,
        options.status ?? 'STARTING',
        vpcId,
        options.ip ?? null,
        hostId,
      ],
    )
  ).rows[0]!.id;
const pass = (id: string, signal = new AbortController().signal) => {
  const one: Pass = {
    id,
    tenantId: tenant.tenantId,
    attempts: 1,
    signal,
    read: (work) => db.worker.transaction({ tenantId: '*' }, work),
    commit: (work) => db.worker.transaction({ tenantId: '*' }, work),
  };
  return reconciler.pass(one);
};
const row = async (id: string) => (await repository((vpcs) => vpcs.load(id)))!;
const events = async (id: string) =>
  (
    await db.owner.query<{ event_type: string }>('select event_type from events where resource_id = $1 order by seq', [
      id,
    ])
  ).rows.map((one) => one.event_type);
const wakes = async (kind: string, id: string) =>
  (await db.owner.query('select 1 from reconcile where kind = $1 and id = $2', [kind, id])).rows.length;

describe('a VPC', () => {
  it('gets a host, the lowest free uplink, a network, and becomes active', async () => {
    const [first, second] = [await create(), await create()];
    expect(await pass(first)).toEqual({ kind: 'settled' });
    expect(await pass(second)).toEqual({ kind: 'settled' });
    expect(await row(first)).toMatchObject({ status: 'active', host_id: hostId, uplink_index: 0, observed_version: 1 });
    expect(await row(second)).toMatchObject({ uplink_index: 1 });
    expect(engine.networks.get(engine.nameOf(second))?.spec).toEqual({
      vpcId: second,
      cidr: '10.1.0.0/24',
      uplinkIndex: 1,
    });
    expect(await events(first)).toEqual(['VPC_ACTIVE']);
    await pass(first);
    expect(await events(first)).toEqual(['VPC_ACTIVE']);
    // A number is free again once its network is gone.
    await repository((vpcs) => vpcs.markDeleted(first, new Date()));
    expect(await pass(first)).toEqual({ kind: 'gone' });
    expect(await events(first)).toEqual(['VPC_ACTIVE', 'VPC_DELETED']);
    const third = await create();
    await pass(third);
    expect(await row(third)).toMatchObject({ uplink_index: 0 });
    expect(await pass(first)).toEqual({ kind: 'gone' });
  });

  it('draws uplinks that nobody else has, also at once', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, create));
    const taken = await Promise.all(ids.map((id) => repository((vpcs) => vpcs.assignUplink(id, hostId))));
    expect(taken.map((one) => one.uplink_index).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('knows its instances by name, and wakes those that waited for it', async () => {
    const id = await create();
    const waiting = await insertInstance(id, { name: 'Web-1', ip: '10.1.0.2' });
    const running = await insertInstance(id, { name: 'db', ip: '10.1.0.3', status: 'RUNNING' });
    await pass(id);
    expect(engine.networks.get(engine.nameOf(id))?.names).toEqual([
      { name: 'db', address: '10.1.0.3' },
      { name: 'web-1', address: '10.1.0.2' },
    ]);
    expect([await wakes('instance', waiting), await wakes('instance', running)]).toEqual([1, 0]);
    await db.owner.query('update instances set deleted_at = now() where id = $1', [running]);
    await pass(id);
    expect(engine.networks.get(engine.nameOf(id))?.names.map((one) => one.name)).toEqual(['web-1']);
  });

  it('tells the name server host names: what a name is made of otherwise is derived, and two may be the same', async () => {
    const id = await create();
    const odd = await insertInstance(id, { name: '服务器', ip: '10.1.0.2' });
    await insertInstance(id, { name: 'Büro_1', ip: '10.1.0.3' });
    await insertInstance(id, { name: 'buro-1', ip: '10.1.0.4' });
    expect(await pass(id)).toEqual({ kind: 'settled' });
    expect(new Set(engine.networks.get(engine.nameOf(id))?.names)).toEqual(
      new Set([
        { name: `i-${odd.slice(-12)}`, address: '10.1.0.2' },
        { name: 'buro-1', address: '10.1.0.3' },
        { name: 'buro-1', address: '10.1.0.4' },
      ]),
    );
  });

  it('says what is missing while the engine is away, and goes on when it is back', async () => {
    const id = await create();
    engine.available = { ok: false, missing: 'nftables is not installed' };
    expect(await pass(id)).toMatchObject({ kind: 'again', because: 'nftables is not installed' });
    expect(presentVpc(await row(id))).toMatchObject({ status: 'pending', status_reason: 'nftables is not installed' });
    engine.available = { ok: true };
    await pass(id);
    expect(presentVpc(await row(id))).not.toHaveProperty('status_reason');
  });

  it('shows a failure and tries again; what is invalid is in error', async () => {
    const id = await create();
    engine.failNext('ensure', 'failed', 'no more bridges');
    await expect(pass(id)).rejects.toThrow('no more bridges');
    expect(await row(id)).toMatchObject({ status: 'pending', status_reason: 'no more bridges' });
    engine.failNext('ensure', 'invalid', 'not with us');
    expect(await pass(id)).toEqual({ kind: 'settled' });
    expect(await row(id)).toMatchObject({ status: 'error', status_reason: 'not with us' });
    engine.failNext('setNames', 'timeout', 'slow');
    await expect(pass(id)).rejects.toThrow('slow');
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'active', status_reason: null });
    expect(await events(id)).toEqual(['VPC_ERROR', 'VPC_ACTIVE']);
  });

  it('shows to nobody that a pass was cut short', async () => {
    const id = await create();
    await expect(pass(id, AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
    expect((await row(id)).status_reason).toBeNull();
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'active' });
  });

  it('waits with its end for the last instance inside', async () => {
    const id = await create();
    await pass(id);
    const inside = await insertInstance(id);
    await repository((vpcs) => vpcs.markDeleted(id, new Date()));
    expect((await row(id)).deleted_at).not.toBeNull();
    expect(await pass(id)).toMatchObject({ kind: 'again', because: '1 instances are still being removed' });
    expect(engine.networks.size).toBe(1);
    await db.owner.query('delete from instances where id = $1', [inside]);
    engine.failNext('remove', 'failed', 'busy');
    await expect(pass(id)).rejects.toThrow('busy');
    expect(await row(id)).toBeDefined();
    expect(await pass(id)).toEqual({ kind: 'gone' });
    expect([engine.networks.size, await repository((vpcs) => vpcs.load(id))]).toEqual([0, undefined]);
  });
});

describe('a look at all networks', () => {
  it('wakes what drifted, reports what nobody knows, and removes nothing', async () => {
    const [fine, broken, lost, pending, deleted] = await Promise.all([
      create(),
      create(),
      create(),
      create(),
      create(),
    ]);
    for (const id of [fine, broken, lost, deleted]) await pass(id);
    await db.owner.query('delete from reconcile');
    engine.meddle(broken, 'broken');
    engine.meddle(lost, undefined);
    await repository((vpcs) => vpcs.markDeleted(deleted, new Date()));
    await engine.ensure({ vpcId: 'a-stranger', cidr: '10.9.0.0/24', uplinkIndex: 99 });
    engine.calls.length = 0;
    expect(await observeNetworks({ database: db.worker, engine, hostId })).toEqual({
      drifted: 2,
      unknown: ['net-a-stranger'],
    });
    expect(await Promise.all([fine, broken, lost, pending, deleted].map((id) => wakes('vpc', id)))).toEqual([
      0, 1, 1, 0, 0,
    ]);
    expect(engine.calls).toEqual([]);
    for (const id of [broken, lost]) await pass(id);
    expect(await observeNetworks({ database: db.worker, engine, hostId })).toMatchObject({ drifted: 0 });
  });
});

describe('what an instance is told of its VPC', () => {
  it('is found by id or name in the tenant, and held', async () => {
    const id = await create();
    await pass(id);
    const { name } = await row(id);
    const stranger = await db.makeTenant();
    const find = (tenantId: string, ref: string) =>
      db.api.transaction({ tenantId }, (sql) => findVpcForInstance(sql, tenantId, ref));
    expect(await find(tenant.tenantId, name)).toEqual({
      id,
      name,
      hostId,
      status: 'active',
      statusReason: null,
      prefix: 24,
      gateway: '10.1.0.1',
      firstAddress: '10.1.0.2',
      lastAddress: '10.1.0.254',
    });
    expect(await find(tenant.tenantId, id)).toMatchObject({ id });
    expect(await find(stranger.tenantId, id)).toBeUndefined();
    const load = (ref: string) => db.worker.transaction({ tenantId: '*' }, (sql) => loadVpcForInstance(sql, ref));
    expect(await load(id)).toMatchObject({ id });
    expect(await load(newId())).toBeUndefined();
  });

  it('is nothing when it was deleted while one waited for it', async () => {
    const id = await create();
    let found: Promise<unknown> = Promise.resolve();
    await db.worker.transaction({ tenantId: '*' }, async (sql) => {
      await createPgVpcRepository(sql).lock(id);
      found = db.api.transaction({ tenantId: tenant.tenantId }, (other) =>
        findVpcForInstance(other, tenant.tenantId, id),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      await createPgVpcRepository(sql).markDeleted(id, new Date());
    });
    expect(await found).toBeUndefined();
  });
});
