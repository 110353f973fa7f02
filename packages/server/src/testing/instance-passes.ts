import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { guardEngine } from '../kernel/engine-guard.ts';
import { newId } from '../kernel/ids.ts';
import type { Outcome, Reconciler } from '../kernel/reconcile.ts';
import { createSealer } from '../kernel/seal.ts';
import { loadRow } from '../kernel/resource.ts';
import { openTransactions } from '../kernel/sql/tx.ts';
import { type InstanceRow, INSTANCES, publicStatus } from '../services/instances/instance.ts';
import { createInstanceReconciler } from '../services/instances/reconcile-instance.ts';
import { insertVpc } from '../services/vpcs/examples.ts';
import { attachInterface, findVpcForInstance, hostNameOf } from '../services/vpcs/index.ts';
import { createFakeComputeEngine, type FakeComputeEngine } from './fake-engines.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { passOver } from './pass.ts';
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
  /** A VPC that is there; its id. */
  insertVpc(): Promise<string>;
  /** A row as the API writes it, with an address where it is in a VPC; its id. */
  launch(options?: { vpcId?: string; type?: string }): Promise<string>;
  /** Wishes as the API writes them. */
  setPower(id: string, power: 'running' | 'stopped'): Promise<void>;
  requestReboot(id: string): Promise<void>;
  markDeleted(id: string): Promise<void>;
  pass(id: string, options?: { attempts?: number; failingMs?: number; signal?: AbortSignal }): Promise<Outcome>;
  /** One pass, after which all is settled and people see this status. */
  settledAs(id: string, status: string): Promise<void>;
  /** Undefined: it is gone. */
  find(id: string): Promise<InstanceRow | undefined>;
  row(id: string): Promise<InstanceRow>;
  status(id: string): Promise<string>;
  /** The types of its events, oldest first. */
  events(id: string): Promise<string[]>;
}

/** Call it at the top of a test file: it makes the database before the first test and drops it after the last. */
export function setUpInstancePasses(): InstancePasses {
  let db: Seeded;
  let tenant: Tenant;
  let hostId: string;
  let engine: FakeComputeEngine;
  let clock: ManualClock;
  let reconciler: Reconciler;
  const sealer = createSealer(new Map([[1, new Uint8Array(32)]]));
  beforeAll(async () => {
    db = await seedDatabase();
    tenant = await db.makeTenant();
    hostId = await db.makeHost();
  });
  afterAll(() => db.drop());
  beforeEach(() => {
    engine = createFakeComputeEngine();
    clock = createManualClock(Date.now());
    engine.now = () => clock.now();
    reconciler = createInstanceReconciler({ engine: guardEngine(engine, openTransactions), clock, sealer });
  });

  const pass: InstancePasses['pass'] = (id, options = {}) =>
    reconciler.pass(passOver(db.worker, { id, tenantId: tenant.tenantId, ...options }));
  const find = (id: string) => db.worker.transaction({ tenantId: '*' }, (sql) => loadRow(sql, INSTANCES, id));
  const row = async (id: string) => (await find(id))!;
  const status = async (id: string) => publicStatus(await row(id));
  const edit = async (id: string, change: string) => {
    await db.owner.query(`update instances set ${change}, version = version + 1 where id = $1`, [id]);
  };
  const attach = (id: string, name: string, vpcId: string) =>
    db.api.transaction(tenant, async (sql) => {
      const vpc = (await findVpcForInstance(sql, tenant.tenantId, vpcId))!;
      const { tenantId } = tenant;
      const owner = { ownerKind: 'instance', ownerId: id, hostId, name, hostName: hostNameOf(name, id) };
      return attachInterface(sql, { id: newId(), vpc, tenantId, ...owner });
    });

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
    insertVpc: () => insertVpc({ owner: db.owner, ...tenant, hostId, email: '', password: '', unique: uniqueWord }),
    async launch({ vpcId, type = 'basic-1' } = {}) {
      const id = newId(clock.now());
      const name = `vm-${uniqueWord()}`;
      const network = vpcId === undefined ? undefined : await attach(id, name, vpcId);
      await db.owner.query(
        `insert into instances (id, user_id, tenant_id, name, image, status, instance_type, container_id, vpc_id, private_ip, mac, host_id, env, command)
         values ($1, $2, $3, $4, 'busybox', 'STARTING', $5, $6, $7, $8, $9, $10, '{"A": "b"}', '["sleep", "9"]')`,
        [
          id,
          tenant.userId,
          tenant.tenantId,
          name,
          type,
          engine.nameOf(id),
          vpcId ?? null,
          network?.address ?? null,
          network?.mac ?? null,
          hostId,
        ],
      );
      return id;
    },
    setPower: (id, power) => edit(id, `power = '${power}'`),
    requestReboot: (id) => edit(id, 'restart_generation = restart_generation + 1'),
    markDeleted: (id) => edit(id, 'deleted_at = now()'),
    pass,
    async settledAs(id, expected) {
      expect((await pass(id)).kind).toBe('settled');
      expect(await status(id)).toBe(expected);
    },
    find,
    row,
    status,
    async events(id) {
      const { rows } = await db.owner.query<{ event_type: string }>(
        'select event_type from events where resource_id = $1 order by seq',
        [id],
      );
      return rows.map((one) => one.event_type);
    },
  };
}
