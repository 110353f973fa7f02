import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { observe } from '../../kernel/observe.ts';
import type { Reconciler } from '../../kernel/reconcile.ts';
import { loadRow } from '../../kernel/resource.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { createFakeNetworkEngine, type FakeNetworkEngine } from '../../testing/fake-engines.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import { passOver } from '../../testing/pass.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { hostNameOf } from './host-name.ts';
import { attachInterface, releaseHostName, releaseInterface } from './network-interfaces.ts';
import { networksOf } from './observe-networks.ts';
import { createVpcReconciler } from './reconcile-vpc.ts';
import { assignUplink } from './uplinks.ts';
import { presentVpc, VPCS } from './vpc.ts';
import { findVpcForInstance, loadVpcForInstance } from './vpc-reader.ts';
import { createVpcWorker } from './worker.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
let engine: FakeNetworkEngine;
let clock: ManualClock;
let reconciler: Reconciler;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());
beforeEach(async () => {
  hostId = await db.makeHost();
  engine = createFakeNetworkEngine();
  clock = createManualClock();
  reconciler = createVpcReconciler({ engine, clock, hostId });
});

const asWorker = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);
const create = async (): Promise<string> =>
  (
    await db.owner.query<{ id: string }>(
      `insert into vpcs (user_id, tenant_id, name, cidr_block, network_id) values ($1, $2, $3, '10.1.0.0/24', 'n') returning id`,
      [tenant.userId, tenant.tenantId, `vpc-${uniqueWord()}`],
    )
  ).rows[0]!.id;
const markDeleted = (id: string) =>
  db.owner.query('update vpcs set deleted_at = now(), version = version + 1 where id = $1', [id]);
/** Something in a VPC; its id. */
const plugIn = async (vpcId: string, name = `vm-${uniqueWord()}`): Promise<string> => {
  const ownerId = newId();
  const { tenantId } = tenant;
  await db.api.transaction(tenant, async (sql) => {
    const vpc = (await findVpcForInstance(sql, tenantId, vpcId))!;
    await attachInterface(sql, {
      id: newId(),
      vpc,
      tenantId,
      ownerKind: 'instance',
      ownerId,
      hostId,
      name,
      hostName: hostNameOf(name, ownerId),
    });
  });
  return ownerId;
};
const pass = (id: string, attempts = 1, signal = new AbortController().signal) =>
  reconciler.pass(
    passOver(db.worker, { id, tenantId: tenant.tenantId, attempts, failingMs: attempts * 15_000, signal }),
  );

const find = (id: string) => asWorker((sql) => loadRow(sql, VPCS, id));
const row = async (id: string) => (await find(id))!;
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
    await markDeleted(first);
    expect(await pass(first)).toEqual({ kind: 'gone' });
    expect(await events(first)).toEqual(['VPC_ACTIVE', 'VPC_DELETED']);
    const third = await create();
    await pass(third);
    expect(await row(third)).toMatchObject({ uplink_index: 0 });
    expect(await pass(first)).toEqual({ kind: 'gone' });
  });

  it('draws uplinks that nobody else has, also at once', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, create));
    const taken = await Promise.all(ids.map((id) => asWorker((sql) => assignUplink(sql, id, hostId))));
    expect(taken.map((one) => one.uplink_index).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('tells its name server what is in it, and wakes that when it is there', async () => {
    const id = await create();
    const web = await plugIn(id, 'Web-1');
    const data = await plugIn(id, 'db');
    await pass(id);
    expect(engine.networks.get(engine.nameOf(id))?.names).toEqual([
      { name: 'db', address: '10.1.0.3' },
      { name: 'web-1', address: '10.1.0.2' },
    ]);
    expect([await wakes('instance', web), await wakes('instance', data)]).toEqual([1, 1]);
    await asWorker((sql) => releaseInterface(sql, 'instance', data));
    await db.owner.query(`delete from reconcile where kind = 'instance'`);
    await pass(id);
    expect(engine.networks.get(engine.nameOf(id))?.names.map((one) => one.name)).toEqual(['web-1']);
    expect(await wakes('instance', web)).toBe(0);
  });

  it('tells the name server the host names, without those of what is being deleted', async () => {
    const id = await create();
    const odd = await plugIn(id, '服务器');
    await plugIn(id, 'Büro_1');
    const going = await plugIn(id, 'going');
    await db.api.transaction(tenant, (sql) => releaseHostName(sql, 'instance', going));
    expect(await pass(id)).toEqual({ kind: 'settled' });
    expect(new Set(engine.networks.get(engine.nameOf(id))?.names)).toEqual(
      new Set([
        { name: `i-${odd.slice(-12)}`, address: '10.1.0.2' },
        { name: 'buro-1', address: '10.1.0.3' },
      ]),
    );
  });

  it('says what is missing while the engine is away, and goes on when it is back', async () => {
    const id = await create();
    engine.available = { ok: false, missing: 'nftables is not installed' };
    expect(await pass(id)).toMatchObject({ kind: 'again', because: 'nftables is not installed' });
    expect(presentVpc(await row(id))).toMatchObject({
      status: 'pending',
      status_reason: 'the host is not available at the moment; the platform continues when it is',
    });
    expect((await row(id)).reason_code).toBe('WAITING_FOR_ENGINE');
    engine.available = { ok: true };
    await pass(id);
    expect(presentVpc(await row(id))).not.toHaveProperty('status_reason');
    engine.failNext('ensure', 'unavailable', 'no netlink');
    expect(await pass(id, 99)).toMatchObject({ kind: 'again', because: 'no netlink' });
    expect(await row(id)).toMatchObject({
      status: 'active',
      status_reason: 'the host is not available at the moment; the platform continues when it is',
    });
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'active', status_reason: null, reason_code: null });
    expect(await events(id)).toEqual(['VPC_ACTIVE']);
  });

  it('shows a failure and tries again; what is invalid is in error', async () => {
    const id = await create();
    engine.failNext('ensure', 'failed', 'no more bridges');
    await expect(pass(id)).rejects.toThrow('no more bridges');
    expect(await row(id)).toMatchObject({
      status: 'pending',
      status_reason: 'the host failed to do this; the platform retries it',
    });
    engine.failNext('ensure', 'invalid', 'not with us');
    expect(await pass(id)).toEqual({ kind: 'settled', because: 'not with us' });
    expect(await row(id)).toMatchObject({
      status: 'error',
      status_reason: 'the host cannot provide this configuration; delete it and create it with another one',
      reason_code: 'ENGINE_REFUSED',
    });
    engine.failNext('setNames', 'timeout', 'slow');
    await expect(pass(id)).rejects.toThrow('slow');
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'active', status_reason: null });
    expect(await events(id)).toEqual(['VPC_ERROR', 'VPC_PENDING', 'VPC_ACTIVE']);
  });

  it('that fails for two minutes is in error, and is tried again all the time', async () => {
    const id = await create();
    for (const attempts of [7, 8, 9]) {
      engine.failNext('ensure', 'failed', 'no more bridges');
      await expect(pass(id, attempts)).rejects.toThrow('no more bridges');
      expect((await row(id)).status).toBe(attempts < 8 ? 'pending' : 'error');
    }
    expect(await pass(id)).toEqual({ kind: 'settled' });
    expect(await row(id)).toMatchObject({ status: 'active', status_reason: null });
    expect(await events(id)).toEqual(['VPC_ERROR', 'VPC_ACTIVE']);
  });

  it('shows to nobody that a pass was cut short', async () => {
    const id = await create();
    await expect(pass(id, 1, AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
    expect((await row(id)).status_reason).toBeNull();
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'active' });
  });

  it('that is renamed while a pass runs keeps what was seen of the new version', async () => {
    const id = await create();
    await pass(id);
    await db.owner.query(`update vpcs set status = 'error' where id = $1`, [id]);
    const ensure = engine.ensure;
    engine.ensure = async (spec) => {
      await db.owner.query('update vpcs set version = 2, observed_version = 2 where id = $1', [id]);
      await ensure(spec);
    };
    await pass(id);
    expect(await row(id)).toMatchObject({ status: 'active', version: 2, observed_version: 2 });
  });

  it('whose failure is a bug of ours does not show it', async () => {
    const id = await create();
    engine.ensure = () => Promise.reject(new TypeError('a bug'));
    await expect(pass(id)).rejects.toThrow('a bug');
    expect((await row(id)).status_reason).toBeNull();
  });
});

describe('the deletion of a VPC', () => {
  it('waits for the last of what is in it, and says so', async () => {
    const id = await create();
    await pass(id);
    const inside = await plugIn(id);
    await markDeleted(id);
    const waiting = '1 network interface is still in it; its resource is being removed';
    expect(await pass(id)).toMatchObject({ kind: 'again', because: waiting });
    expect(await row(id)).toMatchObject({ status_reason: waiting, reason_code: 'DELETE_DELAYED' });
    expect(engine.networks.size).toBe(1);
    await asWorker((sql) => releaseInterface(sql, 'instance', inside));
    engine.failNext('remove', 'failed', 'busy');
    await expect(pass(id)).rejects.toThrow('busy');
    expect(await row(id)).toMatchObject({
      status_reason: 'the host cannot remove it at the moment; the platform retries until it is gone',
    });
    expect(await pass(id)).toEqual({ kind: 'gone' });
    expect([engine.networks.size, await find(id)]).toEqual([0, undefined]);
  });

  it('that takes minutes is told by an event, once', async () => {
    const id = await create();
    await pass(id);
    const inside = await plugIn(id);
    await markDeleted(id);
    for (const minutes of [0, 3, 3]) {
      await clock.advance(minutes * 60_000);
      expect(await pass(id)).toMatchObject({ kind: 'again' });
    }
    await asWorker((sql) => releaseInterface(sql, 'instance', inside));
    engine.failNext('remove', 'invalid', 'busy');
    await expect(pass(id, 99)).rejects.toThrow('busy');
    expect(await row(id)).toMatchObject({
      status: 'active',
      status_reason: 'the host cannot remove it at the moment; the platform retries until it is gone',
      reason_code: 'DELETE_STUCK',
    });
    expect(await pass(id)).toEqual({ kind: 'gone' });
    expect(await events(id)).toEqual(['VPC_ACTIVE', 'VPC_DELETE_STUCK', 'VPC_DELETED']);
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
    await markDeleted(deleted);
    await engine.ensure({ vpcId: 'a-stranger', cidr: '10.9.0.0/24', uplinkIndex: 99 });
    engine.calls.length = 0;
    expect(await observe(networksOf(engine), { database: db.worker, hostId })).toEqual({
      drifted: 2,
      unknown: ['net-a-stranger'],
    });
    expect(await Promise.all([fine, broken, lost, pending, deleted].map((id) => wakes('vpc', id)))).toEqual([
      0, 1, 1, 0, 0,
    ]);
    expect(engine.calls).toEqual([]);
    for (const id of [broken, lost]) await pass(id);
    expect(await observe(networksOf(engine), { database: db.worker, hostId })).toMatchObject({ drifted: 0 });
  });

  it('is what the worker repeats for VPCs', async () => {
    const side = createVpcWorker({ engine, database: db.worker, clock, log: memoryLog([]), hostId });
    expect(side.reconcilers?.map((one) => one.kind)).toEqual(['vpc']);
    const id = await create();
    await pass(id);
    engine.meddle(id, undefined);
    for (const repeat of side.repeats!) await repeat.run(new AbortController().signal);
    expect(await wakes('vpc', id)).toBe(1);
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
      await sql.query('test.lock', 'select 1 from vpcs where id = $1 for update', [id]);
      found = db.api.transaction({ tenantId: tenant.tenantId }, (other) =>
        findVpcForInstance(other, tenant.tenantId, id),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      await sql.query('test.mark', 'update vpcs set deleted_at = now() where id = $1', [id]);
    });
    expect(await found).toBeUndefined();
  });
});
