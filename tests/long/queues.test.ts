import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '../crash/actor.ts';
import { checkHistory } from '../queues/checker.ts';
import { connect, SCENES } from '../queues/faults.ts';
import { type Load, startLoad } from '../queues/load.ts';
import { play } from '../queues/scene.ts';
import { type Queue, type QueueWorld, startQueueWorld } from '../queues/world.ts';

const SECONDS = Number(process.env['QUEUE_SECONDS'] ?? 60);
const SEED = Math.floor(Number(process.env['QUEUE_SEED'] ?? performance.timeOrigin % 1e9));

let world: QueueWorld;
beforeAll(async () => {
  world = await startQueueWorld();
});
afterAll(() => world?.close());

test.each(SCENES)(`queues keep their promises for ${SECONDS} s while %s`, async (name, faults) => {
  await play(world, { name, faults, seconds: SECONDS, seed: SEED });
});

/** Messages received and deleted a second, over some seconds. */
async function rate(load: Load, seconds: number): Promise<number> {
  const before = load.deleted();
  await pause(seconds * 1000);
  return Math.round((load.deleted() - before) / seconds);
}

async function finish(load: Load, queue: Queue): Promise<void> {
  await load.stop();
  for (const door of queue.doors) door.close();
  expect(checkHistory(load.history, await queue.messageIds())).toEqual([]);
}

test.each(['open', 'open.fifo'])(
  'a transaction that is held open elsewhere for 20 s does not slow %s down',
  async (name) => {
    const queue = await world.createQueue(name);
    const load = startLoad({
      ...queue,
      random: createRandom(SEED),
      producers: 8,
      consumers: 8,
      paceMs: 0,
      waitSeconds: 2,
    });
    await pause(2_000);
    const before = await rate(load, 5);
    const elsewhere = await connect(world);
    await elsewhere.query(
      'begin isolation level repeatable read; select pg_current_xact_id(); select count(*) from queues',
    );
    await pause(15_000);
    const during = await rate(load, 5);
    await elsewhere.query('rollback');
    await elsewhere.end();
    await finish(load, queue);
    console.info(`queues, ${name}: ${before} messages/s before, ${during} after 15 s of an open transaction`);
    expect(during).toBeGreaterThan(before * 0.6);
  },
);

test.each(['crowd', 'crowd.fifo'])('256 consumers of %s get at least half of what 16 get', async (name) => {
  const rates: number[] = [];
  for (const consumers of [16, 256]) {
    const queue = await world.createQueue(`${consumers}-${name}`);
    const load = startLoad({
      ...queue,
      random: createRandom(SEED),
      producers: 8,
      consumers,
      paceMs: 0,
      waitSeconds: 2,
    });
    await pause(3_000);
    rates.push(await rate(load, 10));
    await finish(load, queue);
  }
  console.info(`queues, ${name}: ${rates[0]} messages/s with 16 consumers, ${rates[1]} with 256`);
  // The clients are in this process and share the machine with the platform: 256 of them take more of it.
  expect(rates[1]).toBeGreaterThan(rates[0]! * 0.5);
});
