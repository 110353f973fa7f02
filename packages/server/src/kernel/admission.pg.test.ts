import { afterAll, beforeAll, expect, it } from 'vitest';
import { callerOf, eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { signScopes } from '../testing/sign-scopes.ts';
import { uniqueWord } from '../testing/test-api.ts';
import { codeOf, composeToyService } from '../testing/toy-service.ts';
import { type Database, openDatabase } from './sql/pool.ts';

let db: Seeded;
let pool: Database;
beforeAll(async () => {
  db = await seedDatabase();
  pool = signScopes(openDatabase({ connectionString: db.test.apiUrl, max: 25, min: 5 }), db.owner);
});
afterAll(async () => {
  await pool.close();
  await db.drop();
});

const IN_FLIGHT = 200;
const READS = 300;
/** Where they are slow, fewer will do. */
const LONGEST_MS = 2_000;
const ROUNDS = 5;
/**
 * What a busy machine may add, in milliseconds. If each create held a connection while it waits for its tenant's quota, a read would stand
 * behind all of them: 260 to 520 ms, measured.
 */
const SLACK_MS = 20;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** The 99th percentile of reads that come one after the other. */
async function p99Of(read: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  const deadline = performance.now() + LONGEST_MS;
  for (let i = 0; i < READS && performance.now() < deadline; i++) {
    const began = performance.now();
    await read();
    taken.push(performance.now() - began);
  }
  return taken.sort((a, b) => a - b)[Math.ceil(taken.length * 0.99) - 1]!;
}

it(`${IN_FLIGHT} creates of one tenant that use up a quota do not slow another tenant's reads`, async () => {
  const [crowd, quiet] = [await db.makeTenant(), await db.makeTenant()];
  const { run } = composeToyService({ ...db, api: pool }, quiet, {}, { quota: 1_000_000_000 });
  const name = uniqueWord();
  await run('create', { name });
  const read = () => run('get', { name });
  const crowdCaller = callerOf(crowd);

  const alone: number[] = [];
  const crowded: number[] = [];
  await p99Of(read);
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await p99Of(read));
    let stopped = false;
    let done = 0;
    const creators = Array.from({ length: IN_FLIGHT }, async () => {
      while (!stopped) {
        expect(await codeOf(run('create', { name: uniqueWord() }, crowdCaller))).toBe('no error');
        done++;
      }
    });
    await eventually('the crowd is at work', () => done > 5);
    const before = done;
    crowded.push(await p99Of(read));
    expect(done, 'it continued during the wait').toBeGreaterThan(before);
    stopped = true;
    await Promise.all(creators);
  }
  expect(median(crowded), `alone ${alone.map(Math.round)}, crowded ${crowded.map(Math.round)} ms`).toBeLessThan(
    2 * median(alone) + SLACK_MS,
  );
}, 60_000);

it('look-ups for the data plane are admitted like calls: of one tenant at most a quarter of the pool', async () => {
  const { run } = composeToyService({ ...db, api: pool }, await db.makeTenant());
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, pool.stats().total - pool.stats().idle);
  }, 0);
  const names = Array.from({ length: 300 }, () => uniqueWord());
  const outcomes = await Promise.all(names.map((name) => codeOf(run('post', { name }))));
  clearInterval(watching);
  expect(new Set(outcomes)).toEqual(new Set(['NOT_FOUND']));
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(6);
});

it('calls of one tenant hold at most a quarter of the pool, and its creates one connection', async () => {
  const [crowd, other] = [await db.makeTenant(), await db.makeTenant()];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { run } = composeToyService(
    { ...db, api: pool },
    other,
    {
      peek: () => held.then(() => ({})),
      create: async (call) => {
        await held;
        return { id: call.createdId, name: 'x', version: 1 };
      },
    },
    { quota: 1_000_000_000 },
  );
  const used = () => pool.stats().total - pool.stats().idle;
  const caller = callerOf(crowd);
  const creates = Array.from({ length: 20 }, () => run('create', { name: uniqueWord() }, caller));
  await eventually('one create has a connection', () => used() === 1);
  const peeks = Array.from({ length: 20 }, () => run('peek', {}, caller));
  await eventually('a quarter of 25 is in use', () => used() === 6);
  const others = run('peek', {});
  await eventually('another tenant has one of its own', () => used() === 7);
  expect(pool.stats().waiting).toBe(0);
  release();
  await Promise.all([...creates, ...peeks, others]);
  await eventually('all are given back', () => used() === 0);
});

it('200 creates at once over the quota are refused by a few counts, and one that comes after room was made succeeds', async () => {
  const tenant = await db.makeTenant();
  let transactions = 0;
  const counted: Database = {
    ...pool,
    transaction: (...args) => {
      transactions++;
      return pool.transaction(...args);
    },
  };
  const { run } = composeToyService({ ...db, api: counted }, tenant, {}, { quota: 1 });
  const name = uniqueWord();
  await run('create', { name });
  transactions = 0;
  const create = () => codeOf(run('create', { name: uniqueWord() }));
  expect(new Set(await Promise.all(Array.from({ length: IN_FLIGHT }, create)))).toEqual(new Set(['QUOTA_EXCEEDED']));
  expect(transactions).toBeLessThan(10);
  // Nobody gets an answer from before they asked.
  await db.owner.query('delete from tenant_roles where tenant_id = $1', [tenant.tenantId]);
  expect(await create()).toBe('no error');
});
