import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeComputeEngine, type FakeComputeEngine } from '../../testing/fake-engines.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import type { Outcome, Pass, Reconciler } from '../../kernel/reconcile.ts';
import { openTransactions } from '../../kernel/sql/tx.ts';
import { guardEngine } from '../../kernel/engine-guard.ts';
import { EngineError } from '../../kernel/engine-error.ts';
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
const settledAs = async (id: string, expected: string) => {
  expect((await pass(id)).kind).toBe('settled');
  expect(await status(id)).toBe(expected);
};
const now = () => new Date(clock.now());

describe('a start that fails', () => {
  it('that left half a machine has it made anew, for what never ran holds nothing', async () => {
    const id = await launch();
    engine.before = async (method) => {
      if (method === 'start') throw new EngineError('failed', 'no storage');
    };
    await expect(pass(id)).rejects.toThrow('no storage');
    expect(engine.machines.size).toBe(0);
    engine.before = async () => undefined;
    await settledAs(id, 'RUNNING');
    await repository((instances) => instances.setPower(id, 'stopped', now()));
    await settledAs(id, 'STOPPED');
    await repository((instances) => instances.setPower(id, 'running', now()));
    engine.before = async (method) => {
      if (method === 'start') throw new EngineError('failed', 'no storage');
    };
    await expect(pass(id)).rejects.toThrow('no storage');
    expect(engine.machines.size).toBe(1);
  });
});
