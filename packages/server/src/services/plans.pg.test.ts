import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../testkit/src/index.ts';
import { systemClock } from '../kernel/clock.ts';
import { createMetrics } from '../kernel/metrics.ts';
import { quotasOf } from '../kernel/registry.ts';
import { startReconcilers } from '../kernel/reconcile.ts';
import { releaseHostLeases } from '../kernel/reconcile-queue.ts';
import { prune, RETENTIONS } from '../kernel/retention.ts';
import { openDatabase } from '../kernel/sql/pool.ts';
import { sweep, wakeSweeps } from '../kernel/sweep.ts';
import { composeRegistry } from '../services.ts';
import { ec2Client, makeAwsKey } from '../testing/aws-clients.ts';
import { fillBig, ROWS } from '../testing/big-database.ts';
import { createFakeComputeEngine, createFakeNetworkEngine } from '../testing/fake-engines.ts';
import { EXAMPLE_STATS } from '../testing/machines.ts';
import { explainAll, nodesOf, type Plan, type PlanNode } from '../testing/plans.ts';
import { createQuietNotifier, eventually } from '../testing/seed.ts';
import { insertQueue } from './queues/message-examples.ts';
import { type Actor, memoryLog, startTestApi, type TestApi, uniqueWord } from '../testing/test-api.ts';

/** Statements that this file does not see, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'audit.count_uncovered': 'counts for a metric what no checkpoint covers yet, by an index and at most 100,000 rows',
  'events.count': 'counts at most as many as are kept of a tenant, only for who goes on from before the oldest',
  'events.oldest': 'reads one row by an index, for who goes on behind an id',
  'events.prune': 'finds a thousand rows by an index, of a tenant with more events than are kept',
  'health.hosts': 'reads hosts, of which there are few',
  'instances.note_down': 'reads all instances of one host by its index, once at the start of a worker',
  'masterkeys.batch': 'reads a column of sealed values in the order of its pages, while the master key is rotated',
  'masterkeys.choose': 'writes the one row of a rotation by its key',
  'masterkeys.count_columns': 'reads a handful of rows',
  'masterkeys.is_left': 'reads all sealed values once, at the end of a rotation',
  'masterkeys.proceed': 'writes the one row of a rotation by its key',
  'masterkeys.reseal': 'writes rows by their place',
  'mail.open_reset_by_key': 'finds its row as mail.open_reset does, for the operator',
  'metrics.index_scans': 'reads the catalog',
  'metrics.table_sizes': 'reads the catalog',
  'queues.count_in_flight': 'counts by an index, after each 10,000 messages that a process takes',
  'reconcile.park': 'finds its row as reconcile.check_lease does, after a pass that got nowhere for long',
  'work.parked': 'counts by an index what the host cannot end, of which there is little',
  'roles.list_built_in': 'reads the five built-in roles, after the last of the tenant',
  'roles.names': 'reads at most a thousand names of roles, by an index, for the words of a refusal',
  'secrets.postpone': 'writes one row by its key, after a rotation that failed',
};

/** Runs if a pass lasts ten seconds: it finds its row as reconcile.check_lease does. */
const RUNS_SOMETIMES = 'reconcile.extend';

/** Services whose resources are found by EC2's form of an id too. */
const WITH_ID_TAIL = new Set(['cron', 'instances', 'queues', 'secrets', 'topics', 'vpcs']);

let test: TestDatabase;
let api: TestApi;
let owner: Actor;
const plans: Plan[] = [];
const auditFolder = mkdtempSync(join(tmpdir(), 'thecloud-audit-'));

beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi({
    database: test,
    wrap: (database) => explainAll(database, plans),
    live: {
      'instances.exec': async () => ({ exit_code: 0, stdout: '', stderr: '', truncated: false, timed_out: false }),
      'instances.logs': { stream: async () => (async function* log() {})() },
      'instances.stats': { read: async () => EXAMPLE_STATS },
      'instances.terminal': { socket: async () => async () => undefined },
    },
  });
  owner = await api.makeActor({ platformRole: 'admin' });
  await api.owner.query(
    'insert into quotas (tenant_id, resource, max) select $1, unnest($2::text[]), 1000000000 on conflict do nothing',
    [owner.tenantId, [...quotasOf(api.registry.services).keys()]],
  );
  await fillBig(api.owner, owner, api.hostId);
  await callEverything();
  await workEverything();
}, 900_000);
afterAll(async () => {
  await api?.stop();
  await test?.drop();
  rmSync(auditFolder, { recursive: true, force: true });
});

/** Every operation as its examples call it: lists page by page, and what has a name by its name and by a part of its id too. And one refusal, and one AWS action. */
async function callEverything(): Promise<void> {
  const viewer = await api.makeMember(owner.tenantId, 'viewer');
  expect((await api.call('vpcs.create', { name: 'not-mine' }, viewer)).status).toBe(403);
  const aws = ec2Client(api, await makeAwsKey(api, owner));
  expect((await aws.send(new DescribeInstancesCommand({ MaxResults: 5 }))).Reservations).toHaveLength(5);
  const { rows } = await api.owner.query<{ id: string }>(
    'select vpc_id as id from instances where tenant_id = $1 group by vpc_id having count(*) > 1000',
    [owner.tenantId],
  );
  const { data: full } = await api.call('vpcs.get', { id: rows[0]!.id }, owner);
  expect(full.addresses_in_use).toBeGreaterThan(20_000);
  const { meta } = await api.call('vpcs.interfaces', { id: full.id }, owner);
  await api.call('vpcs.interfaces', { id: full.id, cursor: meta.next_cursor }, owner);
  for (const entry of api.registry.entries.values()) {
    const { input, more, endsCaller } = api.registry.services.find(({ name }) => name === entry.service)!.examples![
      entry.verb
    ]!;
    const caller = endsCaller ? await api.makeActor() : owner;
    const world = api.worldOf(caller);
    let key = uniqueWord();
    const call = async (given: Readonly<Record<string, unknown>>) => {
      const headers = entry.idempotent ? { 'idempotency-key': key } : {};
      const answer = await api.call(entry.name, given, caller, { headers });
      expect(answer.status, `${entry.name}: ${answer.text}`).toBe(entry.status);
      return answer;
    };
    for (const given of [await input(world), ...((await more?.(world)) ?? [])]) {
      key = uniqueWord();
      const { effect } = entry.descriptor;
      const param = entry.targets.at(-1)?.param;
      const first = await call(effect === 'list' ? { ...given, limit: 1 } : given);
      // A key's second use is answered from what its first one made.
      if (entry.idempotent) await call(given);
      if (effect === 'list' && first.meta.next_cursor) await call({ ...given, cursor: first.meta.next_cursor });
      if (effect === 'list') await call(given);
      // What it is called by beside its id: users by their address, tenants by their slug. Names of others' keys find nothing.
      const byName = first.data?.slug ?? first.data?.email ?? first.data?.name;
      if (effect === 'read' && param !== undefined && byName && entry.service !== 'member-keys')
        await call({ ...given, [param]: byName });
      // By a prefix of the id and, where an index holds its end, by the digits that tell ids of one minute apart.
      if (effect === 'read' && entry.targetKind?.findsParts && first.data?.id) {
        await call({ ...given, [param!]: first.data.id.slice(0, 30) });
        if (WITH_ID_TAIL.has(entry.service))
          await call({ ...given, [param!]: first.data.id.replaceAll('-', '').slice(15, 31) });
      }
    }
  }
  // A row that no example's checkpoint covers.
  expect((await api.call('vpcs.create', { name: 'not-mine' }, viewer)).status).toBe(403);
}

async function workEverything(): Promise<void> {
  await insertQueueWork();
  const database = explainAll(openDatabase({ connectionString: test.workerUrl, max: 16, min: 0 }), plans);
  const log = memoryLog([]);
  const [compute, network] = [createFakeComputeEngine(), createFakeNetworkEngine()];
  const { hostId } = api;
  const registry = composeRegistry({
    sealer: api.sealer,
    region: 'us-east-1',
    platformId: '00000000-0000-7000-8000-0000000000ff',
    worker: {
      database,
      clock: systemClock,
      log,
      hostId,
      host: {
        database,
        log,
        engines: [compute, network],
        capacity: async () => ({ vcpus: 100_000, memoryMb: 100_000_000, diskGb: 1_000_000 }),
        hostName: 'test-host',
        overcommit: { cpu: 4, memory: 1, disk: 1 },
      },
      compute,
      network,
      metrics: createMetrics(),
      mailer: { send: async () => undefined },
      auditKey: generateKeyPairSync('ed25519').privateKey,
      auditFolder,
      masterKeyPath: join(auditFolder, 'master.key'),
      masterKeys: new Map(),
      isSupervised: false,
    },
  });
  const sides = registry.services.flatMap((service) => service.worker ?? []);
  const retentions = [...RETENTIONS, ...registry.services.flatMap((service) => service.retention ?? [])];
  const reconcilers = [
    ...sides.flatMap((side) => side.reconcilers ?? []),
    sweep('prune', 60_000, async (signal) => void (await prune(database, retentions, signal))),
  ];
  await database.transaction({ tenantId: '*' }, (sql) => wakeSweeps(sql, reconcilers));
  await database.transaction({ tenantId: '*' }, (sql) => releaseHostLeases(sql, hostId));
  const running = startReconcilers(reconcilers, {
    database,
    notifier: createQuietNotifier(),
    clock: systemClock,
    log,
    metrics: createMetrics(),
    hostId,
    random: () => 0.5,
  });
  const due = async () =>
    (
      await api.owner.query(
        'select 1 from reconcile where (due_at <= now() or leased_until > now()) and (host_id is null or host_id = $1)',
        [hostId],
      )
    ).rows.length;
  const ending = new AbortController();
  const repeats = sides.flatMap((side) => side.repeats ?? []).map(({ run }) => run(ending.signal));
  // A pass that throws.
  network.failNext('ensure', 'failed');
  try {
    await eventually('all work is done', async () => (await due()) === 0, 60_000);
    await repeatApi(ending.signal);
  } finally {
    await running.stop(5_000);
    ending.abort();
    await Promise.allSettled(repeats);
  }
  await database.close();
}

/** What the API's process does by itself. */
async function repeatApi(signal: AbortSignal): Promise<void> {
  const sql = explainAll(openDatabase({ connectionString: test.dataUrl, max: 4, min: 0 }), plans);
  const { services } = composeRegistry({
    sealer: api.sealer,
    region: 'us-east-1',
    platformId: '00000000-0000-7000-8000-0000000000ff',
    data: {
      sql,
      notifier: createQuietNotifier(),
      clock: systemClock,
      log: memoryLog([]),
      metrics: createMetrics(),
      stopping: signal,
    },
  });
  for (const { run } of services.flatMap((service) => service.apiRepeats ?? [])) await run(signal);
  const underWay = async () =>
    (await api.owner.query('select 1 from cron_job_runs where next_attempt_at is not null')).rows.length;
  await eventually('all calls are settled', async () => (await underWay()) === 0, 10_000);
  await sql.close();
}

/** What the passes of queues do beside what the examples made: expired messages, and parts of a FIFO queue that was deleted. */
async function insertQueueWork(): Promise<void> {
  const world = api.worldOf(owner);
  for (const settings of [{}, { fifo: true }, { fifo: true, deleted_at: new Date() }]) {
    const id = await insertQueue(world, { ...settings, retention_seconds: 60 });
    await api.owner.query(
      `insert into queue_messages (id, tenant_id, queue_id, body, size, created_at, visible_after, group_id, sequence_number)
       select gen_random_uuid(), $1, $2, 'm', 1, now() - interval '2 minutes', now() - interval '2 minutes',
         case when $3 then 'g' end, case when $3 then nextval('queue_message_sequence') end
       from generate_series(1, 20)`,
      [owner.tenantId, id, 'fifo' in settings],
    );
    if ('deleted_at' in settings)
      await api.owner.query(
        `insert into reconcile (kind, id, tenant_id, ready, due_at) values ('queue', $1, $2, true, now())`,
        [id, owner.tenantId],
      );
  }
  // What is done with messages of a FIFO queue.
  const [source, destination] = [await insertQueue(world, { fifo: true }), await insertQueue(world, { fifo: true })];
  for (const body of ['a', 'b'])
    await api.call('queues.send', { id: source, body, group_id: 'g', deduplication_id: body }, owner);
  const [{ receipt_handle }] = (await api.call('queues.receive', { id: source }, owner)).data;
  const held = { id: source, receipt_handle };
  expect((await api.call('queues.changeVisibility', { ...held, visibility_timeout: 60 }, owner)).status).toBe(200);
  expect((await api.call('queues.deleteMessage', held, owner)).status).toBe(204);
  expect((await api.call('queues.redrive', { id: source, destination_id: destination }, owner)).status).toBe(202);
}

/** Tables with so many rows that a statement must not go through them. */
async function sizesOf(): Promise<ReadonlyMap<string, { readonly rows: number; readonly owned: boolean }>> {
  const { rows } = await api.owner.query<{ name: string; rows: number; owned: boolean }>(
    `select c.relname as name, c.reltuples::int as rows, exists (
       select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as owned
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const rowsOf = (node: PlanNode): number => node['Actual Rows'] * node['Actual Loops'];
const thrownAway = (node: PlanNode): number =>
  sum([
    node['Rows Removed by Filter'] ?? 0,
    node['Rows Removed by Index Recheck'] ?? 0,
    node['Rows Removed by Join Filter'] ?? 0,
  ]) * node['Actual Loops'];

/** More than any page has, and far less than a tenant. */
const FEW_ROWS = 1_100;
/** Blocks of 8 KiB that a statement may look at, beside what each row costs that it answers or counts (2) and that it writes (40: a row's indexes). */
const FEW_BLOCKS = 1_100;

/** What is wrong with a plan, whatever time it took; functions are seen by the blocks that they look at. */
function faultsOf({ root }: Plan, sizes: Awaited<ReturnType<typeof sizesOf>>): readonly string[] {
  const nodes = nodesOf(root);
  const scans = nodes.filter((node) => node['Relation Name'] !== undefined);
  const paid = sum([rowsOf(root), ...scans.filter((node) => node['Node Type'] === 'Index Only Scan').map(rowsOf)]);
  const written = sum(
    nodes.filter((node) => node['Node Type'] === 'ModifyTable').flatMap((node) => (node.Plans ?? []).map(rowsOf)),
  );
  const blocks = root['Shared Hit Blocks'] + root['Shared Read Blocks'];
  return [
    ...scans
      .filter((node) => node['Node Type'] === 'Seq Scan' && sizes.get(node['Relation Name']!)!.rows > FEW_ROWS)
      .map((node) => `reads all of ${node['Relation Name']}`),
    ...nodes
      .filter((node) => node['Node Type'].includes('Sort') && sum((node.Plans ?? []).map(rowsOf)) > FEW_ROWS)
      .map((node) => `sorts ${sum((node.Plans ?? []).map(rowsOf))} rows`),
    ...nodes
      .filter((node) => thrownAway(node) > FEW_ROWS)
      .map((node) => `reads ${thrownAway(node)} rows of ${node['Index Name'] ?? node['Node Type']} for nothing`),
    ...(blocks > FEW_BLOCKS + 2 * paid + 40 * written ? [`looks at ${blocks} blocks for ${paid} rows`] : []),
  ];
}

describe('every statement that the processes run, with a fifth of 100,000 rows in one tenant', () => {
  it('reads what it answers, by an index and in its order', async () => {
    const sizes = await sizesOf();
    const faults = new Set<string>();
    for (const plan of plans)
      for (const fault of faultsOf(plan, sizes)) faults.add(`${plan.name}, ${plan.mode} plan: ${fault}`);
    expect([...faults].sort()).toEqual([]);
  });

  it('is looked at in tables that are full', async () => {
    const sizes = await sizesOf();
    const touched = new Set(plans.flatMap(({ root }) => nodesOf(root).flatMap((node) => node['Relation Name'] ?? [])));
    const empty = [...touched].filter((name) => sizes.get(name)!.owned && sizes.get(name)!.rows < ROWS / 2);
    expect(empty, 'fill them in testing/big-database.ts').toEqual([]);
    expect(touched.size).toBeGreaterThan(10);
  });

  it('is there: what no example and no pass runs is named here, with the reason', async () => {
    const ran = new Set(plans.map(({ name }) => name));
    const folder = fileURLToPath(new URL('..', import.meta.url));
    const files = (await readdir(folder, { recursive: true })).filter(
      (file) =>
        /^(kernel|services|front|live)\/.*\.ts$/.test(file) &&
        !file.endsWith('.test.ts') &&
        !file.includes('/testing/'),
    );
    const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, 'utf8')));
    const named = texts.flatMap((text) =>
      [...text.matchAll(/query(?:<.*?>)?\(\s*'([a-z]+\.[a-z_]+)'/gs)].map(([, name]) => name!),
    );
    expect(named.length).toBeGreaterThan(40);
    const seen = new Set([...ran, RUNS_SOMETIMES]);
    expect([...new Set(named)].filter((name) => !seen.has(name)).sort()).toEqual(Object.keys(NOT_RUN).sort());
  });
});
