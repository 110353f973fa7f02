/** What does it cost to take work from a long queue? Milliseconds of a claim of 8 rows out of 100,000, and how fast the queue drains. Target: 3 ms. */
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../packages/server/src/kernel/clock.ts';
import { newId } from '../../packages/server/src/kernel/ids.ts';
import { createMetrics } from '../../packages/server/src/kernel/metrics.ts';
import { settled, startReconcilers } from '../../packages/server/src/kernel/reconcile.ts';
import { claim, type Wanted } from '../../packages/server/src/kernel/reconcile-queue.ts';
import { migrateUp } from '../../packages/server/src/migrations/migrate.ts';
import { openDatabase } from '../../packages/server/src/kernel/sql/pool.ts';
import { createQuietNotifier } from '../../packages/server/src/testing/seed.ts';
import { memoryLog } from '../../packages/server/src/testing/test-api.ts';
import { startPostgresCluster } from '../../packages/testkit/src/postgres-cluster.ts';
import { median, ms, quantile, record } from '../measure.ts';

const ROWS = 100_000;
const CLAIMS = 200;
/** Claims before those that count: a fresh connection plans its first few. */
const WARM_UP = 20;
const SLOTS = 8;
const KINDS = ['instance', 'vpc', ...Array.from({ length: 18 }, (_, index) => `other${index}`)];

const cluster = await startPostgresCluster({ durable: true });
const owner = new pg.Pool({ connectionString: cluster.url('postgres', 'postgres'), max: 1 });
/** Milliseconds of the commits: what the disk takes, which other work on the machine makes long. */
let commits: number[] = [];
const worker = openDatabase(
  { connectionString: cluster.url('cloud_worker', 'postgres') },
  {
    query: (name, time) => {
      if (name === 'commit') commits.push(time);
    },
  },
);

/** Fills the queue; `due` and `ready` are SQL over the row's number i. */
async function fill(tenants: number, due: string, ready: string): Promise<void> {
  await owner.query('truncate reconcile');
  await owner.query(
    `insert into reconcile (kind, id, tenant_id, priority, due_at, ready)
     select 'instance', gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(i % $1), 12, '0'))::uuid, i % 2, ${due}, ${ready}
     from generate_series(1, $2::int) as i`,
    [tenants, ROWS],
  );
  await owner.query('vacuum analyze reconcile');
}

/** Claims as a worker does, and never settles: what is taken stays leased. */
async function measure(what: string, kinds: readonly string[]): Promise<void> {
  const hostId = newId();
  const times: number[] = [];
  let after: string | null = null;
  let taken = 0;
  for (let round = -WARM_UP; round < CLAIMS; round++) {
    if (round === 0) [commits, taken] = [[], 0];
    const wanted: Wanted[] = kinds.map((kind) => ({ kind, slots: SLOTS, after }));
    const started = performance.now();
    const claims = await worker.transaction({ tenantId: '*' }, (sql) => claim(sql, wanted, [], hostId, 3_600_000));
    if (round >= 0) times.push(performance.now() - started);
    taken += claims.length;
    after = claims.at(-1)?.tenant_id ?? null;
  }
  const figures = `median ${ms(median(times))} (${ms(median(commits))} of it the commit), p99 ${ms(quantile(times, 0.99))}`;
  await record('claim', `${what}: ${figures}, ${(taken / CLAIMS).toFixed(1)} rows a claim, n=${CLAIMS}`);
}

/** Passes that do nothing, as many at once as there are slots. */
async function drain(what: string): Promise<void> {
  const seconds = 5;
  let passes = 0;
  const reconcilers = startReconcilers(
    [{ kind: 'instance', concurrency: SLOTS, resyncMs: 3_600_000, pass: async () => (passes++, settled) }],
    {
      database: worker,
      notifier: createQuietNotifier(),
      clock: systemClock,
      log: memoryLog([]),
      metrics: createMetrics(),
      hostId: newId(),
      random: () => 0.5,
    },
  );
  await systemClock.sleep(seconds * 1000);
  await reconcilers.stop(5000);
  await record('claim', `${what}: ${Math.round(passes / seconds)} passes/s`);
}

try {
  await migrateUp({
    connectionString: cluster.url('postgres', 'postgres'),
    folder: join(import.meta.dirname, '../../migrations'),
  });
  const overdue = 'now() - make_interval(secs => 3600 * random())';
  await fill(1, overdue, 'true');
  await measure('100,000 due of one tenant', ['instance']);
  await drain('100,000 due of one tenant, drained 8 at a time');
  await fill(1000, overdue, 'true');
  await measure('100,000 due of 1,000 tenants', ['instance']);
  await measure('100,000 due of 1,000 tenants, 20 kinds asked for', KINDS);
  await drain('100,000 due of 1,000 tenants, drained 8 at a time');
  await fill(1000, overdue, 'true');
  await owner.query(`update reconcile set ready = false, lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour'
    where id in (select id from reconcile order by due_at limit 10000)`);
  await measure('90,000 due of 1,000 tenants, 10,000 leased', ['instance']);
  await fill(1000, overdue, 'false');
  await measure('100,000 due by time, none found due yet', ['instance']);
  await fill(1000, 'now() + make_interval(secs => 3600 + 3600 * random())', 'false');
  await measure('100,000 asleep, nothing due, 20 kinds asked for', KINDS);
} finally {
  await Promise.all([worker.close(), owner.end()]);
  await cluster.stop();
}
