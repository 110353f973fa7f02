import { afterAll, beforeAll, describe, test } from 'vitest';
import { QUICK_SCENES } from './faults.ts';
import { play } from './scene.ts';
import { type QueueWorld, startQueueWorld } from './world.ts';

/** QUEUE_SECONDS=60 makes each scene longer; QUEUE_SEED repeats the load and the faults of a run as far as chance goes. */
const SECONDS = Number(process.env['QUEUE_SECONDS'] ?? 3);
const SEED = Math.floor(Number(process.env['QUEUE_SEED'] ?? performance.timeOrigin % 1e9));

describe('queues keep their promises', { timeout: 120_000 + SECONDS * 2_000 }, () => {
  let world: QueueWorld;
  beforeAll(async () => {
    world = await startQueueWorld();
  }, 120_000);
  afterAll(() => world?.close(), 150_000);

  test.each(QUICK_SCENES)('while %s', async (name, faults) => {
    await play(world, { name, faults, seconds: SECONDS, seed: SEED });
  });
});
