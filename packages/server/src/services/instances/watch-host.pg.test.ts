import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import {
  createFakeComputeEngine,
  createFakeNetworkEngine,
  type FakeComputeEngine,
  type FakeNetworkEngine,
} from '../../testing/fake-engines.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { observeInstances, wakeByMachine } from './observe-instances.ts';
import { type HostDeps, report, watchHost } from './watch-host.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
let compute: FakeComputeEngine;
let network: FakeNetworkEngine;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());
beforeEach(async () => {
  hostId = await db.makeHost();
  compute = createFakeComputeEngine();
  network = createFakeNetworkEngine();
  await db.owner.query('delete from reconcile');
});

const spec = {
  image: 'busybox',
  hostname: 'x',
  vcpus: 1,
  memoryMb: 1,
  diskGb: 1,
  networkMbps: 1,
  processes: 1,
  env: {},
};
/** An instance whose row says this, and whose machine is in that state. */
async function insert(
  wanted: { status?: string; power?: string; settled?: boolean; deleted?: boolean },
  machine?: 'running' | 'stopped',
): Promise<string> {
  const { rows } = await db.owner.query<{ id: string }>(
    `insert into instances (user_id, tenant_id, name, image, status, power, observed_version, deleted_at, host_id)
     values ($1, $2, $3, 'busybox', $4, $5, case when $6 then 1 end, case when $7 then now() end, $8) returning id`,
    [
      tenant.userId,
      tenant.tenantId,
      uniqueWord(),
      wanted.status ?? 'RUNNING',
      wanted.power ?? 'running',
      wanted.settled ?? true,
      wanted.deleted ?? false,
      hostId,
    ],
  );
  const id = rows[0]!.id;
  await db.owner.query('update instances set container_id = $2 where id = $1', [id, compute.nameOf(id)]);
  if (machine) {
    const ref = { tenantId: tenant.tenantId, instanceId: id };
    await compute.define(ref, spec);
    if (machine === 'running') await compute.start(ref);
  }
  return id;
}
const woken = async () =>
  (await db.owner.query<{ id: string }>(`select id from reconcile where kind = 'instance' order by id`)).rows.map(
    (row) => row.id,
  );
const deps = (more: Partial<HostDeps> = {}): HostDeps & { logLines: string[] } => {
  const logLines: string[] = [];
  return {
    logLines,
    database: db.worker,
    compute,
    network,
    clock: systemClock,
    log: memoryLog(logLines),
    hostName: `host-${uniqueWord()}`,
    overcommit: { cpu: 4, memory: 1.5, disk: 2 },
    ...more,
  };
};
const hostNamed = async (name: string) => (await db.owner.query('select * from hosts where name = $1', [name])).rows[0];

describe('a look at all machines', () => {
  it('wakes what drifted, and only that; reports what nobody knows, and removes nothing', async () => {
    const drifted = [
      await insert({}, 'stopped'),
      await insert({}),
      await insert({ power: 'stopped', status: 'STOPPED' }, 'running'),
      await insert({ power: 'stopped', status: 'STOPPED' }),
    ].sort();
    await insert({}, 'running');
    await insert({ power: 'stopped', status: 'STOPPED' }, 'stopped');
    await insert({ settled: false }, 'stopped');
    await insert({ deleted: true }, 'running');
    await insert({ status: 'ERROR' });
    await compute.define({ tenantId: 't', instanceId: 'stranger' }, spec);
    compute.calls.length = 0;
    expect(await observeInstances({ database: db.worker, engine: compute, hostId })).toEqual({
      drifted: 4,
      unknown: ['fake-stranger'],
    });
    expect(await woken()).toEqual(drifted);
    expect(compute.calls).toEqual([]);
  });

  it('goes through more rows than it reads at once', async () => {
    await db.owner.query(
      `insert into instances (user_id, tenant_id, name, image, status, observed_version, host_id, container_id)
       select $1, $2, 'many-' || n, 'busybox', 'RUNNING', 1, $3, 'many-' || n from generate_series(1, 5001) as n`,
      [tenant.userId, tenant.tenantId, hostId],
    );
    await db.owner.query(
      `update instances set status = 'ERROR' where host_id = $1 and name not in ('many-1', 'many-5001')`,
      [hostId],
    );
    expect(await observeInstances({ database: db.worker, engine: compute, hostId })).toEqual({
      drifted: 2,
      unknown: [],
    });
    await db.owner.query('delete from instances where host_id = $1', [hostId]);
  });

  it('wakes by the name of a machine, and lets a stranger be', async () => {
    const id = await insert({}, 'running');
    await wakeByMachine({ database: db.worker, engine: compute, hostId }, compute.nameOf(id));
    await wakeByMachine({ database: db.worker, engine: compute, hostId }, 'fake-stranger');
    expect(await woken()).toEqual([id]);
  });
});

describe('the report of a host', () => {
  it('says what it holds and how much may be promised', async () => {
    const one = deps();
    const id = await report(one);
    expect(await report(one)).toBe(id);
    expect(await hostNamed(one.hostName)).toMatchObject({
      id,
      vcpus: 8,
      memory_mb: 16_384,
      disk_gb: 200,
      overcommit_cpu: 4,
      overcommit_memory: 1.5,
      overcommit_disk: 2,
      state: 'up',
      state_reason: null,
    });
  });

  it('says what is missing on one that cannot work', async () => {
    const one = deps();
    compute.available = { ok: false, missing: 'no Incus.' };
    network.available = { ok: false, missing: 'no nftables.' };
    await report(one);
    expect(await hostNamed(one.hostName)).toMatchObject({
      state: 'unavailable',
      state_reason: 'no Incus. no nftables.',
    });
    compute.available = network.available = { ok: false, missing: 'no root.' };
    await report(one);
    expect(await hostNamed(one.hostName)).toMatchObject({ state_reason: 'no root.' });
    compute.available = network.available = { ok: true };
    await report(one);
    expect(await hostNamed(one.hostName)).toMatchObject({ state: 'up', state_reason: null });
  });
});

describe('the watch over a host', () => {
  it('wakes at an event of the engine', async () => {
    const id = await insert({}, 'running');
    const one = deps();
    const watch = watchHost(one, hostId);
    await eventually('somebody listens', async () => {
      compute.meddle(id, 'stopped');
      return (await woken()).includes(id);
    });
    await watch.stop();
  });

  it('repairs what it sees, and names a stranger once it has seen it twice', async () => {
    const clock = createManualClock();
    const id = await insert({});
    await compute.define({ tenantId: 't', instanceId: 'stranger' }, spec);
    const one = deps({ clock });
    const watch = watchHost(one, hostId);
    const strange = () => one.logLines.filter((line) => line.includes('no row knows'));
    await eventually('the first look', async () => (await woken()).includes(id));
    expect(one.logLines.join()).toContain('drift seen');
    expect(strange()).toEqual([]);
    await eventually('the second look', async () => {
      await clock.advance(15_000);
      return strange().length > 0;
    });
    expect(strange()[0]).toContain('fake-stranger');
    await watch.stop();
    expect(compute.machines.has('fake-stranger')).toBe(true);
  });

  it('does not look while an engine is away: nothing is drift then', async () => {
    await insert({});
    network.available = { ok: false, missing: 'later' };
    const one = deps();
    const watch = watchHost(one, hostId);
    await eventually('the report', async () => (await hostNamed(one.hostName)) !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await woken()).toEqual([]);
    await watch.stop();
  });

  it('follows again when the stream of events breaks', async () => {
    const clock = createManualClock();
    compute.failNext('watch', 'unavailable', 'the stream broke', 1);
    const id = await insert({}, 'running');
    const one = deps({ clock });
    const watch = watchHost(one, hostId);
    await eventually('the break', () => one.logLines.join().includes('the stream broke'));
    await eventually('the next try', async () => {
      await clock.advance(1000);
      compute.meddle(id, 'stopped');
      return (await woken()).includes(id);
    });
    await watch.stop();
  });
});
