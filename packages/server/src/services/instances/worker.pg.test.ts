import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSealer } from '../../kernel/seal.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { every } from '../../kernel/every.ts';
import { observe } from '../../kernel/observe.ts';
import { createFakeComputeEngine, type FakeComputeEngine } from '../../testing/fake-engines.ts';
import { passOver } from '../../testing/pass.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { eventually, type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { machinesOf } from './observe-instances.ts';
import { createInstanceWorker } from './worker.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
let engine: FakeComputeEngine;
let logLines: string[];
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());
beforeEach(async () => {
  hostId = await db.makeHost();
  engine = createFakeComputeEngine();
  logLines = [];
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
  wanted: { status?: string; power?: string; settled?: boolean; restarting?: boolean; deleted?: boolean },
  machine?: 'running' | 'stopped' | 'frozen',
): Promise<string> {
  const { rows } = await db.owner.query<{ id: string }>(
    `insert into instances (user_id, tenant_id, name, image, status, power, observed_version, restart_generation, deleted_at, host_id)
     values ($1, $2, $3, 'busybox', $4, $5, case when $6 then 1 end, $7, case when $8 then now() end, $9) returning id`,
    [
      tenant.userId,
      tenant.tenantId,
      uniqueWord(),
      wanted.status ?? 'RUNNING',
      wanted.power ?? 'running',
      wanted.settled ?? true,
      wanted.restarting ? 1 : 0,
      wanted.deleted ?? false,
      hostId,
    ],
  );
  const id = rows[0]!.id;
  await db.owner.query('update instances set container_id = $2 where id = $1', [id, engine.nameOf(id)]);
  if (machine) {
    const ref = { tenantId: tenant.tenantId, instanceId: id };
    await engine.define(ref, spec);
    engine.meddle(id, machine);
  }
  return id;
}
const woken = async () =>
  (await db.owner.query<{ id: string }>(`select id from reconcile where kind = 'instance' order by id`)).rows.map(
    (row) => row.id,
  );
const sealer = createSealer(new Map([[1, new Uint8Array(32)]]));
/** What the worker repeats, without the look for drift: only what follows the engine. */
const follow = (clock: Clock = systemClock) => {
  const log = memoryLog(logLines);
  const { repeats } = createInstanceWorker({ engine, database: db.worker, clock, log, hostId, sealer });
  const { ms, name, run } = repeats!.find((one) => one.name.startsWith('follow'))!;
  return every(ms, name, run, { clock, log });
};

describe('the start of a worker', () => {
  it('writes down what no longer runs before anybody can ask, and asks for passes', async () => {
    const ids = {
      up: await insert({}, 'running'),
      down: await insert({}, 'stopped'),
      gone: await insert({}),
      frozen: await insert({}, 'frozen'),
      stopped: await insert({ status: 'STOPPED', power: 'stopped' }, 'stopped'),
      deleted: await insert({ deleted: true }),
    };
    const worker = createInstanceWorker({
      engine,
      sealer,
      database: db.worker,
      clock: systemClock,
      log: memoryLog([]),
      hostId,
    });
    await worker.begin!();
    const { rows } = await db.owner.query<{ id: string; status: string; due: boolean }>(
      `select i.id, status, r.id is not null as due from instances i left join reconcile r on r.id = i.id where i.host_id = $1`,
      [hostId],
    );
    const found = Object.fromEntries(
      Object.entries(ids).map(([name, id]) => {
        const row = rows.find((one) => one.id === id)!;
        return [name, [row.status, row.due]];
      }),
    );
    expect(found).toEqual({
      up: ['RUNNING', false],
      down: ['STARTING', true],
      gone: ['STARTING', true],
      frozen: ['STARTING', true],
      stopped: ['STOPPED', false],
      deleted: ['RUNNING', false],
    });
  });
});

describe('the start of a worker while the engine is not available', () => {
  it('shows nothing as RUNNING, and once more what runs when the engine is back', async () => {
    const id = await insert({}, 'running');
    const deps = { engine, database: db.worker, clock: systemClock, log: memoryLog([]), hostId, sealer };
    const { begin, reconcilers } = createInstanceWorker(deps);
    const read = async () =>
      (await db.owner.query('select status, reason_code from instances where id = $1', [id])).rows[0];
    engine.available = { ok: false, missing: 'no Incus' };
    await begin!();
    expect(await read()).toMatchObject({ status: 'STARTING' });
    expect(await woken()).toEqual([id]);
    engine.available = { ok: true };
    await reconcilers![0]!.pass(passOver(db.worker, { id, tenantId: tenant.tenantId }));
    expect(await read()).toEqual({ status: 'RUNNING', reason_code: null });
  });
});

describe('a look at all machines', () => {
  it('wakes what drifted, and only that; answers what nobody knows, and removes nothing', async () => {
    const drifted = [
      await insert({}, 'stopped'),
      await insert({}),
      await insert({ power: 'stopped', status: 'STOPPED' }, 'running'),
      await insert({ power: 'stopped', status: 'STOPPED' }),
      await insert({ power: 'stopped', status: 'STOPPED' }, 'frozen'),
    ].sort();
    await insert({}, 'running');
    await insert({ power: 'stopped', status: 'STOPPED' }, 'stopped');
    await insert({ settled: false }, 'stopped');
    await insert({ status: 'STARTING' }, 'stopped');
    await insert({ restarting: true }, 'stopped');
    await insert({ deleted: true }, 'running');
    await insert({ status: 'ERROR' });
    await engine.define({ tenantId: 't', instanceId: 'stranger' }, spec);
    engine.calls.length = 0;
    expect(await observe(machinesOf(engine), { database: db.worker, hostId })).toEqual({
      drifted: 5,
      unknown: ['fake-stranger'],
    });
    expect(await woken()).toEqual(drifted);
    expect(engine.calls).toEqual([]);
  });
});

describe('the events of the engine', () => {
  it('wake whose machine they name, and let a stranger be', async () => {
    const id = await insert({}, 'running');
    const other = await insert({}, 'running');
    const following = follow();
    await eventually('somebody listens', async () => {
      engine.meddle('stranger', 'stopped');
      engine.meddle(id, 'stopped');
      return (await woken()).includes(id);
    });
    await following.stop();
    expect(await woken()).toEqual([id]);
    expect(engine.machines.get(engine.nameOf(other))?.state).toBe('running');
    expect(logLines).toEqual([]);
  });

  it('are followed again when their stream breaks', async () => {
    const clock = createManualClock();
    engine.failNext('watch', 'unavailable', 'the stream broke', 1);
    const id = await insert({}, 'running');
    const following = follow(clock);
    await eventually('the break', () => logLines.join().includes('the stream broke'));
    await eventually('the next try', async () => {
      await clock.advance(1000);
      engine.meddle(id, 'stopped');
      return (await woken()).includes(id);
    });
    await following.stop();
  });

  it('are not asked for while the engine is away', async () => {
    const clock = createManualClock();
    engine.available = { ok: false, missing: 'later' };
    let watched = 0;
    engine.before = async (method) => void (watched += method === 'watch' ? 1 : 0);
    const following = follow(clock);
    await clock.advance(3_000);
    expect(watched).toBe(0);
    engine.available = { ok: true };
    await clock.advance(1_000);
    expect(watched).toBe(1);
    await following.stop();
  });
});

describe('the worker side of instances', () => {
  it('has a reconciler, a look for drift, the events of the engine, what it clears up, and what is done live', () => {
    const side = createInstanceWorker({
      engine,
      database: db.worker,
      clock: systemClock,
      log: memoryLog([]),
      hostId,
      sealer,
    });
    expect(side.reconcilers?.map((one) => one.kind)).toEqual(['instance']);
    expect(side.repeats).toHaveLength(4);
    expect(Object.keys(side.live ?? {})).toEqual([
      'instances.logs',
      'instances.stats',
      'instances.exec',
      'instances.terminal',
    ]);
  });
});
