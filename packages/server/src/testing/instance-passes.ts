import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { guardEngine } from '../kernel/engine-guard.ts';
import { newId } from '../kernel/ids.ts';
import type { Outcome, Pass, Reconciler } from '../kernel/reconcile.ts';
import { openTransactions } from '../kernel/sql/tx.ts';
import { type InstanceRow, publicStatus } from '../services/instances/instance.ts';
import type { InstanceRepository } from '../services/instances/instance-repository.ts';
import { createPgInstanceRepository } from '../services/instances/instance-repository.pg.ts';
import { createInstanceReconciler } from '../services/instances/reconcile-instance.ts';
import { insertVpc } from '../services/vpcs/examples.ts';
import { createFakeComputeEngine, type FakeComputeEngine } from './fake-engines.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { type Seeded, seedDatabase, type Tenant } from './seed.ts';
import { uniqueWord } from './test-api.ts';

/** Instances in a database of their own, and passes over them by hand, against a fake engine. */
export interface InstancePasses {
  readonly db: Seeded;
  readonly tenant: Tenant;
  readonly hostId: string;
  /** New for each test, as is the clock. */
  readonly engine: FakeComputeEngine;
  readonly clock: ManualClock;
  repository<T>(work: (instances: InstanceRepository) => Promise<T>): Promise<T>;
  /** A VPC that is there; its id. */
  insertVpc(): Promise<string>;
  /** A row as the API writes it; its id. */
  launch(options?: { vpcId?: string; type?: string; privateIp?: string }): Promise<string>;
  pass(id: string, options?: { attempts?: number; signal?: AbortSignal }): Promise<Outcome>;
  /** One pass, after which all is settled and people see this status. */
  settledAs(id: string, status: string): Promise<void>;
  row(id: string): Promise<InstanceRow>;
  status(id: string): Promise<string>;
  /** The types of its events, oldest first. */
  events(id: string): Promise<string[]>;
  now(): Date;
  /** As if it had run for a minute: what ends right after its start has to rest first. */
  ageStart(id: string): Promise<unknown>;
}

/** Call it at the top of a test file: it makes the database before the first test and drops it after the last. */
export function setUpInstancePasses(): InstancePasses {
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

  const all = { tenantId: '*' } as const;
  const repository: InstancePasses['repository'] = (work) =>
    db.worker.transaction(all, (sql) => work(createPgInstanceRepository(sql)));
  const pass: InstancePasses['pass'] = (id, options = {}) => {
    const one: Pass = {
      id,
      tenantId: tenant.tenantId,
      attempts: options.attempts ?? 1,
      signal: options.signal ?? new AbortController().signal,
      read: (work) => db.worker.transaction(all, work),
      commit: (work) => db.worker.transaction(all, work),
    };
    return reconciler.pass(one);
  };
  const row = async (id: string) => (await repository((instances) => instances.load(id)))!;
  const status = async (id: string) => publicStatus(await row(id));

  return {
    get db() {
      return db;
    },
    get tenant() {
      return tenant;
    },
    get hostId() {
      return hostId;
    },
    get engine() {
      return engine;
    },
    get clock() {
      return clock;
    },
    repository,
    insertVpc: () => insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord }),
    async launch(options = {}) {
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
    },
    pass,
    async settledAs(id, expected) {
      expect((await pass(id)).kind).toBe('settled');
      expect(await status(id)).toBe(expected);
    },
    row,
    status,
    async events(id) {
      const { rows } = await db.owner.query<{ event_type: string }>(
        'select event_type from events where resource_id = $1 order by seq',
        [id],
      );
      return rows.map((one) => one.event_type);
    },
    now: () => new Date(clock.now()),
    ageStart: (id) =>
      db.owner.query("update instances set started_at = started_at - interval '1 minute' where id = $1", [id]),
  };
}
