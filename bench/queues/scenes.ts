/**
 * What the rates do not tell: how soon a long poll gets a message, what many consumers, a long queue, an old transaction and a loud neighbour
 * cost, what an idle long poll asks of the database, and how many statements a message takes. Through the signed SQS wire.
 * `npm run bench -- queues [latency|consumers|long|held|neighbour|idle]`
 */
import pg from 'pg';
import { median, ms, quantile, record } from '../measure.ts';
import { cpuDuring } from './cpu.lib.ts';
import type { Door } from './dialects.lib.ts';
import type { Crowd, Outcome } from './load.lib.ts';
import { Loader } from './loader-process.lib.ts';
import { named } from './words.lib.ts';
import { type Api, type Queue, type Tenant, World } from './world.lib.ts';

const ROUNDS = 3;
const SECONDS = 3;
const BODY_BYTES = 1024;

const wanted = named(['latency', 'consumers', 'long', 'held', 'neighbour', 'idle']);
if (wanted.length === 0) process.exit();

const world = await World.start();
const loader = await Loader.start();

const load = async (crowd: Omit<Crowd, 'bodyBytes'>, seconds = SECONDS): Promise<Outcome> =>
  (await loader.load({ crowds: [{ ...crowd, bodyBytes: BODY_BYTES }], seconds }))[0]!;

/** Runs each of the variants in turn, round by round. */
async function inTurn<T>(variants: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const seen: T[][] = variants.map(() => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [nth, variant] of variants.entries()) seen[nth]!.push(await variant());
  return seen;
}

const middle = (outcomes: readonly Outcome[], pick: (outcome: Outcome) => number): number => median(outcomes.map(pick));
const tell = (outcomes: readonly Outcome[]): string =>
  `${Math.round(middle(outcomes, (one) => one.perSecond))}/s, p50 ${ms(middle(outcomes, (one) => one.p50))}, p99 ${ms(middle(outcomes, (one) => one.p99))}`;

/** Statements that an API process has sent so far, by name. */
async function statements(api: Api): Promise<Map<string, number>> {
  const page = await (await fetch(`${api.rest}/metrics`)).text();
  const lines = page.matchAll(/^thecloud_db_query_duration_seconds_count\{query="([^"]+)"[^}]*\} (\d+)/gm);
  return new Map([...lines].map(([, name, count]) => [name!, Number(count)]));
}

async function statementsDuring(api: Api, work: () => Promise<unknown>): Promise<Map<string, number>> {
  const before = await statements(api);
  await work();
  const after = await statements(api);
  return new Map(
    [...after]
      .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

async function latency(tenant: Tenant, second: Api): Promise<void> {
  const routes = [
    ['one process', world.api, world.api],
    ['sent to one process, polled at another', world.api, second],
  ] as const;
  for (const [what, from, to] of routes) {
    const queue = await world.queue(tenant);
    const relay = { from: queue.sqs(from)[0]!, to: queue.sqs(to)[0]!, pauseMs: 5 };
    await loader.relay({ ...relay, messages: 100 });
    const times = await loader.relay({ ...relay, messages: 1000 });
    await record(
      'queues',
      `send → long poll, ${what}: p50 ${ms(median(times))}, p99 ${ms(quantile(times, 0.99))}, n=${times.length}`,
    );
  }
}

/** 256 consumers against 16, all long polling, with senders at work. */
async function consumers(tenant: Tenant): Promise<void> {
  const variants = [16, 256].map((clients) => async () => {
    const queue = await world.queue(tenant);
    await loader.fill(queue.sqs()[0]!, 30_000);
    return load({ doors: queue.sqs(), does: 'take', clients, batch: 1 });
  });
  const [few, many] = await inTurn(variants);
  const ratio = middle(many!, (one) => one.perSecond) / middle(few!, (one) => one.perSecond);
  await record(
    'queues',
    `receive + delete, 16 consumers ${tell(few!)}; 256 consumers ${tell(many!)}: ${ratio.toFixed(2)} ×`,
  );
  await world.clear();
}

/** The same work on a queue with a thousand messages and on one with a million. */
async function long(tenant: Tenant): Promise<void> {
  const queues: Queue[] = [];
  for (const messages of [1_000, 1_000_000]) {
    const queue = await world.queue(tenant);
    await world.fillBySql(tenant, queue, messages);
    queues.push(queue);
  }
  const seen = await inTurn(
    queues.map((queue) => () => load({ doors: queue.sqs(), does: 'mixed', clients: 16, batch: 1 })),
  );
  const ratio = middle(seen[1]!, (one) => one.perSecond) / middle(seen[0]!, (one) => one.perSecond);
  await record(
    'queues',
    `mixed, 16 clients, a thousand messages there ${tell(seen[0]!)}; a million ${tell(seen[1]!)}: ${ratio.toFixed(2)} ×`,
  );
  await world.clear();
}

/** A transaction elsewhere holds a snapshot, so that no dead row can be removed. */
async function held(tenant: Tenant): Promise<void> {
  const queue = await world.queue(tenant);
  const doors: readonly Door[] = queue.sqs();
  const mixed = () => load({ doors, does: 'mixed', clients: 16, batch: 1 }, 5);
  await mixed();
  const before = await mixed();
  const sql = world.sql(tenant, queue);
  const other = new pg.Client({
    host: sql.socketDir,
    port: sql.port,
    user: 'cloud',
    password: sql.password,
    database: 'thecloud',
  });
  await other.connect();
  await other.query('begin isolation level repeatable read; select count(*) from queues');
  const during: Outcome[] = [];
  for (let round = 0; round < 5; round++) during.push(await mixed());
  await other.query('commit');
  await other.end();
  const rates = during.map(({ perSecond }) => Math.round(perSecond)).join(', ');
  const ratio = during.at(-1)!.perSecond / before.perSecond;
  await record(
    'queues',
    `mixed, 16 clients, beside a transaction held open for 25 s: ${Math.round(before.perSecond)}/s before, then every 5 s ${rates}: ${ratio.toFixed(2)} × in the end`,
  );
  await world.clear();
}

/** A tenant's p99 at 100 sends a second, alone and beside another with ten times as many. */
async function neighbour(quiet: Tenant, loud: Tenant): Promise<void> {
  const [ours, theirs] = [await world.queue(quiet), await world.queue(loud)];
  const calm: Crowd = { doors: ours.sqs(), does: 'send', clients: 8, batch: 1, bodyBytes: BODY_BYTES, perSecond: 100 };
  const busy: Crowd = { ...calm, doors: theirs.sqs(), clients: 80, perSecond: 1000 };
  const seconds = 5;
  const [alone, beside] = await inTurn([
    async () => (await loader.load({ crowds: [calm], seconds }))[0]!,
    async () => (await loader.load({ crowds: [calm, busy], seconds }))[0]!,
  ]);
  const ratio = middle(beside!, (one) => one.p99) / middle(alone!, (one) => one.p99);
  await record(
    'queues',
    `a tenant that sends 100/s: ${tell(alone!)} alone; ${tell(beside!)} beside one that sends 1000/s: p99 ${ratio.toFixed(2)} ×`,
  );
  await world.clear();
}

/** What 64 long polls at an empty queue ask of the database. */
async function idle(tenant: Tenant): Promise<void> {
  const queue = await world.queue(tenant);
  const seconds = 15;
  const poll = { doors: queue.sqs(), does: 'poll', clients: 64, batch: 1 } as const;
  await load(poll, 2);
  const roots = { api: world.api.pid, postgres: world.postgres };
  let asked = new Map<string, number>();
  const { cpu } = await cpuDuring(roots, async () => {
    asked = await statementsDuring(world.api, () => load(poll, seconds));
  });
  const ofQueues = [...asked].filter(([name]) => name.startsWith('queues.'));
  const all = ofQueues.reduce((sum, [, count]) => sum + count, 0);
  await record(
    'queues',
    `64 idle long polls of ${seconds} s: ${(all / seconds).toFixed(2)} statements/s in all (${ofQueues.map(([name, count]) => `${name} ${count}`).join(', ')}); CPU API ${Math.round(cpu['api']! / seconds)} ms/s, PostgreSQL ${Math.round(cpu['postgres']! / seconds)} ms/s`,
  );
  const busy = await statementsDuring(world.api, async () => {
    const outcome = await load({ doors: queue.sqs(), does: 'mixed', clients: 64, batch: 1 });
    await record(
      'queues',
      `mixed, 64 clients: ${outcome.sent} sent, ${outcome.messages} received and deleted, of which the statements are told next`,
    );
  });
  await record('queues', `statements of that: ${[...busy].map(([name, count]) => `${name} ${count}`).join(', ')}`);
  await world.clear();
}

const scenes: Readonly<Record<(typeof wanted)[number], () => Promise<void>>> = {
  latency: async () => latency(await world.tenant('latency'), await world.addApi()),
  consumers: async () => consumers(await world.tenant('consumers')),
  long: async () => long(await world.tenant('long')),
  held: async () => held(await world.tenant('held')),
  neighbour: async () => neighbour(await world.tenant('quiet'), await world.tenant('loud')),
  idle: async () => idle(await world.tenant('idle')),
};

try {
  for (const name of wanted) await scenes[name]();
} finally {
  loader.stop();
  await world.stop();
}
