import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertVpc } from '../vpcs/examples.ts';
import { createFakeComputeEngine, type FakeComputeEngine } from '../../testing/fake-engines.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import type { Outcome, Pass, Reconciler } from '../../kernel/reconcile.ts';
import { openTransactions } from '../../kernel/sql/tx.ts';
import { guardEngine } from '../../kernel/engine-guard.ts';
import { newId } from '../../kernel/ids.ts';
import { publicStatus } from './instance.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import { createInstanceReconciler } from './reconcile-instance.ts';

let db: Seeded;
let tenant: Tenant;
let hostId: string;
let engine: FakeComputeEngine;
let clock: ManualClock;
let reconciler: Reconciler;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
  hostId = await db.makeHost();
});
afterAll(() => db.drop());
beforeEach(() => {
  engine = createFakeComputeEngine();
  clock = createManualClock(Date.now());
  reconciler = createInstanceReconciler({ engine: guardEngine(engine, openTransactions), clock });
});

const repository = <T>(work: (instances: ReturnType<typeof createPgInstanceRepository>) => Promise<T>) =>
  db.worker.transaction({ tenantId: '*' }, (sql) => work(createPgInstanceRepository(sql)));

async function launch(options: { vpcId?: string; type?: string; privateIp?: string } = {}): Promise<string> {
  const id = newId(clock.now());
  await repository((instances) =>
    instances.insert({
      id,
      userId: tenant.userId,
      tenantId: tenant.tenantId,
      name: `vm-${uniqueWord()}`,
      image: 'busybox',
      instanceType: options.type ?? 'basic-1',
      containerId: engine.nameOf(id),
      vpcId: options.vpcId ?? null,
      privateIp: options.privateIp ?? null,
      mac: options.privateIp ? '02:00:00:00:00:01' : null,
      hostId,
      env: { A: 'b' },
      command: ['sleep', '9'],
      labels: {},
      metadata: {},
      at: new Date(clock.now()),
    }),
  );
  return id;
}

const pass = (id: string, options: { attempts?: number; signal?: AbortSignal } = {}): Promise<Outcome> => {
  const one: Pass = {
    id,
    tenantId: tenant.tenantId,
    attempts: options.attempts ?? 1,
    signal: options.signal ?? new AbortController().signal,
    read: (work) => db.worker.transaction({ tenantId: '*' }, work),
    commit: (work) => db.worker.transaction({ tenantId: '*' }, work),
  };
  return reconciler.pass(one);
};
const row = async (id: string) => (await repository((instances) => instances.load(id)))!;
const status = async (id: string) => publicStatus(await row(id));
const events = async (id: string): Promise<string[]> =>
  (
    await db.owner.query<{ event_type: string }>('select event_type from events where resource_id = $1 order by seq', [
      id,
    ])
  ).rows.map((one) => one.event_type);
const settledAs = async (id: string, expected: string) => {
  expect((await pass(id)).kind).toBe('settled');
  expect(await status(id)).toBe(expected);
};
const now = () => new Date(clock.now());
/** As if it had run for a minute: what ends right after its start has to rest first. */
const ageStart = (id: string) =>
  db.owner.query("update instances set started_at = started_at - interval '1 minute' where id = $1", [id]);

describe('from launch to the end', () => {
  it('is one pass each, with its events, and the machine as the row says', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    expect(engine.machines.get(engine.nameOf(id))?.spec).toEqual({
      image: 'busybox',
      hostname: (await row(id)).name,
      vcpus: 1,
      memoryMb: 512,
      diskGb: 8,
      networkMbps: 1000,
      processes: 512,
      env: { A: 'b' },
      command: ['sleep', '9'],
    });
    expect((await row(id)).started_at?.getTime()).toBe(clock.now());
    await repository((instances) => instances.setPower(id, 'stopped', now()));
    expect(await status(id)).toBe('STOPPING');
    await settledAs(id, 'STOPPED');
    await repository((instances) => instances.setPower(id, 'running', now()));
    expect(await status(id)).toBe('STARTING');
    await settledAs(id, 'RUNNING');
    await repository((instances) => instances.requestReboot(id, now()));
    expect(await status(id)).toBe('STARTING');
    await settledAs(id, 'RUNNING');
    await repository((instances) => instances.markDeleted(id, now()));
    expect((await row(id)).deleted_at).not.toBeNull();
    expect((await pass(id)).kind).toBe('gone');
    expect(await repository((instances) => instances.load(id))).toBeUndefined();
    expect((await pass(id)).kind).toBe('gone');
    expect(engine.machines.size).toBe(0);
    expect(engine.calls.map((call) => call.split(' ')[0])).toEqual([
      'define',
      'start',
      'stop',
      'start',
      'stop',
      'start',
      'remove',
    ]);
    expect(await events(id)).toEqual([
      'INSTANCE_RUNNING',
      'INSTANCE_STOPPED',
      'INSTANCE_RUNNING',
      'INSTANCE_RUNNING',
      'INSTANCE_TERMINATED',
    ]);
  });

  it('does nothing more once all is as wanted', async () => {
    const id = await launch();
    await pass(id);
    const [calls, told] = [engine.calls.length, await events(id)];
    await settledAs(id, 'RUNNING');
    expect([engine.calls.length, await events(id)]).toEqual([calls, told]);
  });

  it('makes the machine exactly once, wherever passes die', async () => {
    const id = await launch();
    for (const method of ['inspect', 'define', 'start', 'inspect', 'start'] as const) {
      const dying = new AbortController();
      engine.before = async (called) => {
        if (called === method) dying.abort(new Error('the worker died'));
      };
      await pass(id, { signal: dying.signal }).catch(() => undefined);
    }
    engine.before = async () => undefined;
    await settledAs(id, 'RUNNING');
    expect(engine.calls.filter((call) => call.startsWith('define'))).toHaveLength(1);
    expect(engine.calls.filter((call) => call.startsWith('start'))).toHaveLength(1);
  });

  it('goes by the newest wish when it changes in the middle', async () => {
    const id = await launch();
    engine.before = async (method) => {
      if (method !== 'start') return;
      engine.before = async () => undefined;
      await repository((instances) => instances.markDeleted(id, now()));
    };
    await pass(id);
    expect((await pass(id)).kind).toBe('gone');
    expect(engine.machines.size).toBe(0);
    expect((await events(id)).at(-1)).toBe('INSTANCE_TERMINATED');
  });

  it('does not call settled what changed while it was noted', async () => {
    const id = await launch();
    engine.before = async (method) => {
      if (method !== 'start') return;
      engine.before = async () => undefined;
      await repository((instances) => instances.setPower(id, 'stopped', now()));
    };
    await pass(id);
    const after = await row(id);
    expect(after.observed_version).toBeLessThan(after.version);
    await settledAs(id, 'STOPPED');
  });

  it('wakes its VPC when it goes', async () => {
    const vpcId = await insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord });
    const id = await launch({ vpcId, privateIp: '10.0.0.2' });
    await settledAs(id, 'RUNNING');
    expect(engine.machines.get(engine.nameOf(id))?.spec.nic).toEqual({
      vpcId,
      address: '10.0.0.2',
      prefix: 16,
      gateway: '10.0.0.1',
      mac: '02:00:00:00:00:01',
    });
    await repository((instances) => instances.markDeleted(id, now()));
    await pass(id);
    const { rows } = await db.owner.query(`select 1 from reconcile where kind = 'vpc' and id = $1`, [vpcId]);
    expect(rows).toHaveLength(1);
  });
});

describe('drift', () => {
  it.each([
    ['removed behind our back', undefined],
    ['killed', 'stopped'],
    ['frozen', 'frozen'],
    ['broken', 'error'],
  ] as const)('is repaired: %s', async (_, state) => {
    const id = await launch();
    await pass(id);
    await ageStart(id);
    engine.meddle(id, state);
    await settledAs(id, 'RUNNING');
    expect(engine.machines.get(engine.nameOf(id))?.state).toBe('running');
  });

  it('of a machine that was removed is told; others are left alone', async () => {
    const [id, other] = [await launch(), await launch()];
    await pass(id);
    await pass(other);
    await ageStart(id);
    engine.meddle(id, undefined);
    engine.calls.length = 0;
    await settledAs(id, 'RUNNING');
    expect(await events(id)).toEqual(['INSTANCE_RUNNING', 'INSTANCE_LOST', 'INSTANCE_RUNNING']);
    expect(engine.calls.filter((call) => call.includes(other))).toEqual([]);
  });

  it('is repaired also for one that is to be stopped', async () => {
    const id = await launch();
    await pass(id);
    await repository((instances) => instances.setPower(id, 'stopped', now()));
    await pass(id);
    engine.meddle(id, 'running');
    await settledAs(id, 'STOPPED');
    expect(engine.machines.get(engine.nameOf(id))?.state).toBe('stopped');
  });
});

describe('waiting', () => {
  it('for its image shows how far that is, and goes on by itself', async () => {
    const id = await launch();
    engine.imageState = { state: 'building', detail: 'step 2 of 4' };
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(await row(id)).toMatchObject({
      status: 'STARTING',
      status_reason: "waits for the image 'busybox': step 2 of 4",
    });
    engine.imageState = { state: 'ready' };
    await settledAs(id, 'RUNNING');
    expect((await row(id)).status_reason).toBeNull();
  });

  it.each([
    [{ state: 'failed', detail: 'no network' } as const, 'could not be built: no network'],
    [{ state: 'absent' } as const, "there is no image 'busybox'"],
  ])('for an image that will not come ends in ERROR: %o', async (state, reason) => {
    const id = await launch();
    engine.imageState = state;
    await settledAs(id, 'ERROR');
    expect((await row(id)).status_reason).toContain(reason);
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
    await settledAs(id, 'ERROR');
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
    engine.imageState = { state: 'ready' };
    await repository((instances) => instances.setPower(id, 'running', now()));
    await settledAs(id, 'RUNNING');
  });

  it('for its network goes on when that is active, and ends when that is in error', async () => {
    const vpcId = await insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord });
    const setVpc = (state: string, reason: string | null) =>
      db.owner.query('update vpcs set status = $2, status_reason = $3 where id = $1', [vpcId, state, reason]);
    const id = await launch({ vpcId, privateIp: '10.0.0.9' });
    await setVpc('pending', null);
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect((await row(id)).status_reason).toMatch(/^waits for its network 'vpc-.*' \(pending\)$/);
    await setVpc('error', 'no bridge');
    await settledAs(id, 'ERROR');
    expect((await row(id)).status_reason).toContain('no bridge');
    await setVpc('active', null);
    await repository((instances) => instances.setPower(id, 'running', now()));
    await settledAs(id, 'RUNNING');
  });

  it('for the engine says what is missing', async () => {
    const id = await launch();
    engine.available = { ok: false, missing: 'Incus is not installed' };
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(await row(id)).toMatchObject({ status: 'STARTING', status_reason: 'Incus is not installed' });
    engine.available = { ok: true };
    await settledAs(id, 'RUNNING');
  });

  it('is given up after a quarter of an hour, counted from when it began', async () => {
    const id = await launch();
    engine.imageState = { state: 'building', detail: 'slowly' };
    await clock.advance(3_600_000);
    expect(await pass(id), 'nobody has waited yet').toMatchObject({ kind: 'again' });
    await clock.advance(14 * 60_000);
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    await clock.advance(2 * 60_000);
    await settledAs(id, 'ERROR');
    expect((await row(id)).status_reason).toContain('given up after 15 minutes');
  });

  it('begins anew for a machine that was lost long after its launch', async () => {
    const id = await launch();
    await pass(id);
    await clock.advance(30 * 24 * 3_600_000);
    engine.meddle(id, undefined);
    engine.imageState = { state: 'building', detail: 'again' };
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect(await status(id)).toBe('STARTING');
  });
});

describe('an engine that fails', () => {
  it('is asked again later, and what it said is shown', async () => {
    const id = await launch();
    engine.failNext('define', 'failed', 'disk full');
    await expect(pass(id)).rejects.toThrow('disk full');
    expect(await row(id)).toMatchObject({ status: 'STARTING', status_reason: 'disk full' });
    await settledAs(id, 'RUNNING');
  });

  it('ends in ERROR when it goes on for nine passes, and a new version is tried again', async () => {
    const id = await launch();
    engine.failNext('start', 'failed', 'will not start', 99);
    await expect(pass(id, { attempts: 8 })).rejects.toThrow('will not start');
    expect((await pass(id, { attempts: 9 })).kind).toBe('settled');
    expect(await row(id)).toMatchObject({ status: 'ERROR', status_reason: 'will not start' });
    engine.failNext('start', 'failed', 'once more', 1);
    await repository((instances) => instances.setPower(id, 'running', now()));
    expect(await status(id)).toBe('STARTING');
    await expect(pass(id)).rejects.toThrow('once more');
    await settledAs(id, 'RUNNING');
  });

  it('that is away is waited for however long', async () => {
    const id = await launch();
    engine.failNext('inspect', 'unavailable', 'no socket', 2);
    for (const attempts of [9, 50]) await expect(pass(id, { attempts })).rejects.toThrow('no socket');
    await settledAs(id, 'RUNNING');
  });

  it('that finds the spec invalid ends in ERROR at once', async () => {
    const id = await launch();
    engine.failNext('define', 'invalid', 'no such thing');
    await settledAs(id, 'ERROR');
    expect(await events(id)).toEqual(['INSTANCE_ERROR']);
  });

  it('while deleting never ends in ERROR: it goes on until the machine is gone', async () => {
    const id = await launch();
    await pass(id);
    await repository((instances) => instances.markDeleted(id, now()));
    engine.failNext('remove', 'invalid', 'busy');
    await expect(pass(id, { attempts: 20 })).rejects.toThrow('busy');
    expect((await row(id)).deleted_at).not.toBeNull();
    expect((await pass(id)).kind).toBe('gone');
  });

  it('whose failure is a bug of ours is not shown', async () => {
    const id = await launch();
    engine.before = async () => {
      throw new TypeError('a bug');
    };
    await expect(pass(id)).rejects.toThrow('a bug');
    expect((await row(id)).status_reason).toBeNull();
  });

  it('waits before it starts again what ended right after its start, unless its owner wishes it', async () => {
    const id = await launch();
    await settledAs(id, 'RUNNING');
    engine.meddle(id, 'stopped');
    expect(await pass(id)).toMatchObject({ kind: 'again' });
    expect((await row(id)).status_reason).toMatch(/ended right after the start/);
    expect(engine.machines.get(engine.nameOf(id))?.state).toBe('stopped');
    await repository((instances) => instances.requestReboot(id, now()));
    await settledAs(id, 'RUNNING');
  });

  it('is given the default type for one that is no longer there', async () => {
    const id = await launch({ type: 'gone-type' });
    await settledAs(id, 'RUNNING');
    expect(engine.machines.get(engine.nameOf(id))?.spec.memoryMb).toBe(1024);
  });
});
