import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createRandom } from '../crash/actor.ts';
import { checkHistory } from './checker.ts';
import type { Fault } from './judging.ts';
import { startLoad } from './load.ts';
import { createDisk, type Disk } from './power.ts';
import { type QueueWorld, startQueueWorld } from './world.ts';

/** A platform whose disk can lose its power. */
export interface PoweredWorld {
  readonly world: QueueWorld;
  readonly disk: Disk;
  /** Cuts the power, and starts the platform on what is on the disk. */
  cutPower(): Promise<void>;
  close(): Promise<void>;
}

export async function startPoweredWorld(): Promise<PoweredWorld> {
  const disk = createDisk(1_500);
  try {
    const world = await startQueueWorld({ apis: 0, parent: disk.folder });
    return {
      world,
      disk,
      async cutPower() {
        disk.cutPower();
        await world.platform.killAll();
        await disk.restorePower();
        await world.platform.start();
      },
      async close() {
        await world.close();
        await disk.remove();
      },
    };
  } catch (error) {
    await disk.remove();
    throw error;
  }
}

/** Load on both kinds of queue, a cut in the middle of it, and the account of each message after the next start. */
export async function playPowerCut({ world, cutPower }: PoweredWorld, name: string, seed: number): Promise<Fault[]> {
  const random = createRandom(seed);
  const queues = [await world.createQueue(`standard-${name}`), await world.createQueue(`fifo-${name}.fifo`)];
  const loads = queues.map(({ doors, fifo }, place) =>
    startLoad({ doors, fifo, random: createRandom(seed + place), producers: 6, consumers: 6, paceMs: 10 }),
  );
  try {
    await waitFor('load', () => loads.every((load) => load.acknowledged() > 150), { stepMs: 20 });
    await pause(random(1_000));
    await cutPower();
    const before = loads.map((load) => load.acknowledged());
    await waitFor('messages to be sent again', () =>
      loads.every((load, place) => load.acknowledged() > before[place]! + 20),
    );
    for (const load of loads) await load.stopSending();
    for (const queue of queues)
      await waitFor('an empty queue', async () => (await queue.messageIds()).size === 0, {
        deadlineMs: 45_000,
        stepMs: 250,
      });
    console.info(
      `queues, power cut: ${loads.map((load) => load.acknowledged()).join(' and ')} messages acknowledged, seed ${seed}`,
    );
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
    for (const { doors } of queues) for (const door of doors) door.close();
  }
  const left = await Promise.all(queues.map((queue) => queue.messageIds()));
  return loads.flatMap(({ history }, place) => checkHistory(history, left[place]!));
}
