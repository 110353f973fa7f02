/**
 * A thousand tenants and 100,000 instances. How long do reads take, for a tenant with a fifth of all rows and for one of the others, and what does
 * it cost to keep what is as it should be? Target: p99 below 50 ms, and less than a tenth of a core.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { systemClock } from '../../packages/server/src/kernel/clock.ts';
import { every } from '../../packages/server/src/kernel/every.ts';
import { createMetrics } from '../../packages/server/src/kernel/metrics.ts';
import { startReconcilers } from '../../packages/server/src/kernel/reconcile.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import { createSealer } from '../../packages/server/src/kernel/seal.ts';
import { composeRegistry } from '../../packages/server/src/services.ts';
import { fillBig, ROWS } from '../../packages/server/src/testing/big-database.ts';
import { createFakeComputeEngine, createFakeNetworkEngine } from '../../packages/server/src/testing/fake-engines.ts';
import { createQuietNotifier } from '../../packages/server/src/testing/seed.ts';
import { memoryLog, startTestApi, type TestApi } from '../../packages/server/src/testing/test-api.ts';
import { startDurableDatabase } from '../durable-database.ts';
import { loadAtRate, median, ms, quantile, record } from '../measure.ts';

const RATE = 50;
const SECONDS = 10;
/** Long enough for two looks for drift, which are a minute apart at this size. */
const IDLE_SECONDS = 120;
const PLATFORM = '00000000-0000-7000-8000-0000000000ff';

const { url, database, stop } = await startDurableDatabase();
const owner = new pg.Pool({ connectionString: url('postgres'), max: 1 });
const api = await startTestApi({ database });
try {
  await reads(api);
  await idle();
} finally {
  await api.stop();
  await owner.end();
  await stop();
}

async function reads({ hostId, makeActor, makeKey, url: address }: TestApi): Promise<void> {
  const greedy = await makeActor();
  console.log(`filling ${ROWS} rows of each table…`);
  await fillBig(owner, greedy, hostId);
  const { rows } = await owner.query<{ userId: string; tenantId: string }>(
    `select owner_id as "userId", id as "tenantId" from tenants where slug = 'crowd-500'`,
  );
  const one = { ...rows[0]!, key: await makeKey(rows[0]!) };
  for (const [who, { key, tenantId }] of Object.entries({ 'a fifth of the rows': greedy, 'one of a thousand': one })) {
    const headers = { 'x-api-key': key };
    const list = await fetch(`${address}/instances?limit=1`, { headers });
    const [{ id }] = ((await list.json()) as { data: [{ id: string }] }).data;
    for (const path of [
      '/instances?limit=50',
      `/instances/${id}`,
      `/tenants/${tenantId}/members?limit=50`,
      '/audit?limit=50',
      '/events?limit=50',
    ]) {
      const send = () => fetch(`${address}${path}`, { headers });
      await loadAtRate(RATE, 1, send);
      const times = await loadAtRate(RATE, SECONDS, send);
      await record(
        'scale',
        `GET ${path.replace(id, ':id').replace(tenantId, ':id')}, ${who}, at ${RATE}/s: p50 ${ms(median(times))}, p99 ${ms(quantile(times, 0.99))}, n=${times.length}`,
      );
    }
  }
}

/** The worker's loops with engines in memory: everything is settled, and every look says so. */
async function idle(): Promise<void> {
  const registryOf = (worker?: Parameters<typeof composeRegistry>[0]['worker']) =>
    composeRegistry({
      sealer: createSealer(new Map([[1, Buffer.alloc(32)]])),
      region: 'us-east-1',
      platformId: PLATFORM,
      ...(worker ? { worker } : {}),
    });
  const compute = createFakeComputeEngine();
  const network = createFakeNetworkEngine();
  const database = openDatabase({ connectionString: url('cloud_worker') });
  const log = memoryLog([]);
  const host = {
    database,
    log,
    engines: [compute, network],
    capacity: () => compute.capacity(),
    hostName: 'idle-host',
    overcommit: { cpu: 1, memory: 1, disk: 1 },
  };
  const { rows } = await owner.query<{ id: string }>(
    `update hosts set name = 'idle-host' where name = 'test-host' returning id`,
  );
  const hostId = rows[0]!.id;
  console.log('settling everything…');
  // Without triggers: a host's sums are written for each of its instances that moves.
  await owner.query('set session_replication_role = replica');
  await owner.query('delete from instances where deleted_at is not null');
  await owner.query(
    'delete from vpcs where deleted_at is not null and not exists (select from instances i where i.vpc_id = vpcs.id)',
  );
  await owner.query(
    `update instances set host_id = $1, status = 'RUNNING', power = 'running', observed_version = version, observed_restart = restart_generation`,
    [hostId],
  );
  // A network for each tenant; those of the other VPCs are on hosts of others.
  await owner.query('update vpcs set host_id = null, deleted_at = null');
  await owner.query(
    `update vpcs set host_id = $1, status = 'active', observed_version = version
     where id in (select distinct on (tenant_id) id from vpcs order by tenant_id, id)`,
    [hostId],
  );
  const { rows: instances } = await owner.query<{ id: string }>('select id from instances');
  for (const { id } of instances)
    compute.machines.set(compute.nameOf(id), {
      ref: { instanceId: id } as never,
      spec: {} as never,
      state: 'running',
      startedAt: Date.now(),
      ends: 0,
      console: [],
      terminals: new Set(),
    });
  const { rows: vpcs } = await owner.query<{ id: string }>('select id from vpcs where host_id is not null');
  for (const { id } of vpcs) await network.ensure({ vpcId: id, cidr: '10.0.0.0/16' } as never);
  const metrics = createMetrics();
  const sides = registryOf({
    database,
    clock: systemClock,
    log,
    metrics,
    hostId,
    host,
    compute,
    network,
    mailer: undefined,
    // Nothing is written down here, so no checkpoint is signed.
    auditKey: generateKeyPairSync('ed25519').privateKey,
    auditFolder: tmpdir(),
    masterKeyPath: '',
    masterKeys: new Map(),
    isSupervised: false,
  }).services.flatMap((service) => service.worker ?? []);
  const { rows: backends } = await owner.query<{ pid: number }>('select pg_backend_pid() as pid');
  const postmaster = Number(statOf(backends[0]!.pid)[1]);
  const reconcilers = sides.flatMap((side) => side.reconcilers ?? []);
  await owner.query('truncate reconcile');
  for (const [table, kind] of [
    ['instances', 'instance'],
    ['vpcs', 'vpc'],
  ])
    await owner.query(
      `insert into reconcile (kind, id, tenant_id, host_id, ready, due_at)
       select $1, id, tenant_id, host_id, false, now() + random() * $2::int * interval '1 millisecond' from ${table} where host_id = $3`,
      [kind, reconcilers.find((one) => one.kind === kind)!.resyncMs, hostId],
    );
  await owner.query('vacuum analyze');
  const running = startReconcilers(reconcilers, {
    database,
    notifier: createQuietNotifier(),
    clock: systemClock,
    log,
    metrics,
    hostId,
    random: Math.random,
  });
  const repeats = sides
    .flatMap((side) => side.repeats ?? [])
    .map(({ name, ms: pause, share, run }) => every(pause, name, run, { clock: systemClock, log, share }));
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = { own: process.cpuUsage(), database: cpuOfPostgres(postmaster), at: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  const seconds = (performance.now() - before.at) / 1000;
  const own = process.cpuUsage(before.own);
  const ofACore = (cpuSeconds: number) => `${((100 * cpuSeconds) / seconds).toFixed(1)} %`;
  await record(
    'scale',
    `idle with ${instances.length} instances and ${vpcs.length} VPCs on one host: worker ${ofACore((own.user + own.system) / 1e6)} of a core, PostgreSQL ${ofACore(cpuOfPostgres(postmaster) - before.database)}`,
  );
  await running.stop(5_000);
  await Promise.all(repeats.map((one) => one.stop()));
  await database.close();
}

/** The fields of /proc/<pid>/stat from the state on. */
function statOf(pid: number | string): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Seconds of CPU of a server's processes, those that have ended among them. */
function cpuOfPostgres(postmaster: number): number {
  const own = statOf(postmaster);
  let ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(own[at]), 0);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = statOf(pid);
      if (Number(fields[1]) === postmaster) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended during the look.
    }
  }
  return ticks / 100;
}
