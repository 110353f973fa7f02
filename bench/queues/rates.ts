/**
 * Messages a second through the signed SQS wire and through REST, beside ElasticMQ (in memory), plain SQL by pgbench on the same server, and
 * RabbitMQ (durable classic queue, persistent messages, confirms). 1 KiB bodies; client, servers and database share the machine. Targets: at
 * least 6,000 single sends a second through the signed wire, ElasticMQ's rate, and half of plain SQL's.
 * `npm run bench -- queues [send|take|mixed] [batch=1] [clients=16] [rounds=3] [seconds=2] [without=rabbitmq,…]`
 */
import { median, ms, record } from '../measure.ts';
import { cpuDuring, cpuOfEnded } from './cpu.lib.ts';
import type { Door } from './dialects.lib.ts';
import type { Outcome } from './load.lib.ts';
import { Loader } from './loader-process.lib.ts';
import { type ElasticMq, type RabbitMq, startElasticMq, startRabbitMq } from './peers.lib.ts';
import { runPgbench } from './sql.lib.ts';
import { named, numbers, option } from './words.lib.ts';
import { type Tenant, World } from './world.lib.ts';

type Does = 'send' | 'take' | 'mixed';
interface Case {
  readonly does: Does;
  readonly batch: number;
  readonly clients: number;
}

const BODY_BYTES = 1024;
/** PostgreSQL takes some hundred connections; plain SQL needs one for each client. */
const MOST_SQL_CLIENTS = 64;
const WARM_UP = 4;
/** More than any side takes in a round. */
const FILL = { 1: 12_000, 10: 45_000 } as const;

const [rounds] = numbers('rounds', [3]);
const [seconds] = numbers('seconds', [2]);
const without = new Set(option('without')?.split(','));
/** What one round of one side came to. */
interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds a message, of each process. */
  readonly cpu: Readonly<Record<string, number>>;
}
type Side = (one: Case) => Promise<Round>;

const perMessage = (cpu: Readonly<Record<string, number>>, messages: number): Record<string, number> =>
  Object.fromEntries(Object.entries(cpu).map(([name, spent]) => [name, (spent * 1000) / messages]));

/** A round of the load through doors that are all of one queue. */
async function throughDoors(
  loader: Loader,
  doors: readonly Door[],
  one: Case,
  roots: Readonly<Record<string, number>>,
): Promise<Round> {
  if (one.does === 'take') await loader.fill(doors[0]!, FILL[one.batch === 1 ? 1 : 10] * seconds!);
  const crowd = { ...one, doors, bodyBytes: BODY_BYTES };
  const { result, cpu } = await cpuDuring({ ...roots, client: loader.pid }, () =>
    loader.load({ crowds: [crowd], seconds: seconds! }),
  );
  const [{ messages, perSecond, p50, p99 }] = result as [Outcome];
  return { perSecond, p50, p99, cpu: perMessage(cpu, messages) };
}

function ourSide(world: World, tenant: Tenant, loader: Loader, door: 'sqs' | 'rest'): Side {
  return async (one) => {
    const queue = await world.queue(tenant);
    return throughDoors(loader, queue[door](), one, { api: world.api.pid, postgres: world.postgres });
  };
}

function elasticSide(elastic: ElasticMq, loader: Loader): Side {
  let nth = 0;
  return async (one) => {
    const door = await elastic.queue(`bench-${++nth}`);
    try {
      return await throughDoors(loader, [door], one, { elasticmq: elastic.pid });
    } finally {
      await elastic.remove(door);
    }
  };
}

function sqlSide(world: World, tenant: Tenant): Side {
  return async ({ does, batch, clients }) => {
    const queue = await world.queue(tenant);
    const sql = world.sql(tenant, queue);
    if (does === 'take') await world.fillBySql(tenant, queue, FILL[batch === 1 ? 1 : 10] * seconds!);
    const common = { batch, bodyBytes: BODY_BYTES, seconds: seconds! };
    const endedBefore = cpuOfEnded();
    const { result, cpu } = await cpuDuring({ postgres: world.postgres }, async () => {
      if (does !== 'mixed') return runPgbench(sql, { ...common, does, clients });
      const half = Math.max(1, Math.floor(clients / 2));
      const [sent, taken] = await Promise.all([
        runPgbench(sql, { ...common, does: 'send', clients: half }),
        runPgbench(sql, { ...common, does: 'take', clients: half }),
      ]);
      // Who takes more than is sent took nothing at times.
      return { ...taken, perSecond: Math.min(sent.perSecond, taken.perSecond) };
    });
    const spent = { ...cpu, client: cpuOfEnded() - endedBefore };
    return { ...result, cpu: perMessage(spent, result.perSecond * seconds!) };
  };
}

function rabbitSide(rabbit: RabbitMq): Side {
  let nth = 0;
  return async ({ does, batch, clients }) => {
    const queue = `bench-${++nth}`;
    const half = Math.max(1, Math.floor(clients / 2));
    const [senders, takers] = does === 'send' ? [clients, 0] : does === 'take' ? [0, clients] : [half, half];
    const common = ['-s', String(BODY_BYTES), '-f', 'persistent', '-ad', 'false', '-u', queue];
    const time = ['-z', String(seconds! + 3)];
    if (does === 'take') {
      const each = Math.ceil((FILL[10] * seconds!) / 8);
      await rabbit.load(['-x', '8', '-y', '0', '-c', '100', '-C', String(each), ...common]);
    }
    const endedBefore = cpuOfEnded();
    const { result, cpu } = await cpuDuring({ rabbitmq: rabbit.pid }, () =>
      rabbit.load([...`-x ${senders} -y ${takers} -c ${batch} -q ${batch} -A ${batch}`.split(' '), ...common, ...time]),
    );
    const perSecond = does === 'send' ? result.sent : result.received;
    const spent = { ...cpu, client: cpuOfEnded() - endedBefore };
    const { p50 = Number.NaN, p99 = Number.NaN } = result;
    return { perSecond, p50, p99, cpu: perMessage(spent, perSecond * (seconds! + 3)) };
  };
}

function tell(name: string, seen: readonly Round[]): string {
  const middle = (pick: (round: Round) => number) => median(seen.map(pick));
  const cpu = Object.keys(seen[0]!.cpu)
    .map((part) => `${part} ${Math.round(middle((round) => round.cpu[part]!))}`)
    .join(', ');
  const p50 = middle((round) => round.p50);
  const times = Number.isNaN(p50) ? '' : `, p50 ${ms(p50)}, p99 ${ms(middle((round) => round.p99))}`;
  return `${name} ${Math.round(middle((round) => round.perSecond))}/s${times} (µs CPU a message: ${cpu})`;
}

const wanted = named<Does>(['send', 'take', 'mixed']);
if (wanted.length === 0) process.exit();

const loader = await Loader.start();
const world = await World.start();
const stops: (() => Promise<void>)[] = [() => world.stop()];
try {
  const tenant = await world.tenant('rates');
  const sides = new Map<string, Side>([
    ['sqs', ourSide(world, tenant, loader, 'sqs')],
    ['rest', ourSide(world, tenant, loader, 'rest')],
    ['sql', sqlSide(world, tenant)],
  ]);
  if (!without.has('elasticmq')) {
    const elastic = await startElasticMq();
    stops.push(() => elastic.stop());
    sides.set('elasticmq', elasticSide(elastic, loader));
  }
  if (!without.has('rabbitmq')) {
    const rabbit = await startRabbitMq();
    stops.push(() => rabbit.stop());
    sides.set('rabbitmq', rabbitSide(rabbit));
  }
  for (const name of without) sides.delete(name);

  const cases = wanted.flatMap((does) =>
    numbers('batch', [1, 10]).flatMap((batch) =>
      numbers('clients', [1, 16, 64, 256])
        .filter((clients) => does !== 'mixed' || clients > 1)
        .map((clients): Case => ({ does, batch, clients })),
    ),
  );
  // Code that was compiled for what it does is what counts; a JVM needs many rounds for that.
  for (let round = 0; round < WARM_UP; round++)
    for (const [name, side] of sides)
      if (round === 0 || name === 'elasticmq')
        for (const does of ['send', 'take', 'mixed'] as const) await side({ does, batch: 1, clients: 16 });
  await world.clear();
  for (const one of cases) {
    const seen = new Map<string, Round[]>();
    for (let round = 0; round < rounds!; round++) {
      for (const [name, side] of sides) {
        if (name === 'sql' && one.clients > MOST_SQL_CLIENTS) continue;
        seen.set(name, [...(seen.get(name) ?? []), await side(one)]);
      }
    }
    await world.clear();
    const rate = (name: string) => median((seen.get(name) ?? []).map(({ perSecond }) => perSecond));
    const ratios = ['elasticmq', 'sql', 'rabbitmq']
      .filter((peer) => seen.has(peer) && seen.has('sqs'))
      .map((peer) => `${(rate('sqs') / rate(peer)).toFixed(2)} × ${peer}`)
      .join(', ');
    const what = one.does === 'take' ? 'receive + delete' : one.does;
    await record(
      'queues',
      `${what}, batches of ${one.batch}, ${one.clients} clients: ${[...seen].map(([name, all]) => tell(name, all)).join('; ')}${ratios === '' ? '' : `: sqs ${ratios}`}`,
    );
  }
} finally {
  loader.stop();
  for (const stop of stops.reverse()) await stop();
}
