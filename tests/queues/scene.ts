import { expect } from 'vitest';
import { waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createRandom } from '../crash/actor.ts';
import { checkHistory } from './checker.ts';
import type { Faults } from './faults.ts';
import { type Load, startLoad } from './load.ts';
import type { Queue, QueueWorld } from './world.ts';

export interface Scene {
  readonly name: string;
  readonly faults: Faults;
  readonly seconds: number;
  readonly seed: number;
}

/** A queue is empty soon: what was received last is visible again after three seconds at most. */
const DRAIN_MS = 45_000;
let scenes = 0;

/** Load on a standard and a FIFO queue through all doors of all processes, while faults strike; then every message is accounted for. */
export async function play(world: QueueWorld, { name, faults, seconds, seed }: Scene): Promise<void> {
  const random = createRandom(seed);
  const number = ++scenes;
  const queues = [await world.createQueue(`standard-${number}`), await world.createQueue(`fifo-${number}.fifo`)];
  world.refusals.length = 0;
  const loads = queues.map(({ doors, fifo }, place) =>
    startLoad({ doors, fifo, random: createRandom(seed + place + 1), producers: 4, consumers: 6, paceMs: 40 }),
  );
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), seconds * 1000);
  const begun = performance.now();
  let strikes: number;
  try {
    strikes = await faults(world, random, ending.signal);
    await expectService(world, loads);
    for (const load of loads) await load.stopSending();
    for (const [place, queue] of queues.entries()) await drain(world, queue, loads[place]!, seed);
  } finally {
    clearTimeout(timer);
    ending.abort();
    await Promise.all(loads.map((load) => load.stop()));
    for (const { doors } of queues) for (const door of doors) door.close();
  }
  const took = Math.round(performance.now() - begun);
  for (const [place, queue] of queues.entries()) {
    const { history } = loads[place]!;
    const faultsFound = checkHistory(history, await queue.messageIds());
    console.info(`queues, ${name}, ${queue.fifo ? 'FIFO' : 'standard'}: ${describe(loads[place]!)}`);
    expect(
      faultsFound.slice(0, 20).map(({ kind, text }) => `${kind}: ${text}`),
      `seed ${seed}: ${faultsFound.length} faults`,
    ).toEqual([]);
    expect(loads[place]!.acknowledged()).toBeGreaterThan(100);
  }
  console.info(
    `queues, ${name}: struck ${strikes} times, ${took} ms in all, seed ${seed}; refused: ${summary(world.refusals)}`,
  );
  expect(strikes).toBeGreaterThan(0);
}

/** After the last strike both queues take and give messages again, without anybody's help. */
async function expectService(world: QueueWorld, loads: readonly Load[]): Promise<void> {
  const before = loads.map((load) => [load.acknowledged(), load.deleted()] as const);
  await waitFor(
    'messages to be sent and deleted again after the last fault',
    (saw) => {
      const now = loads.map((load) => [load.acknowledged(), load.deleted()] as const);
      saw({ before, now });
      return now.every(([sent, deleted], place) => sent > before[place]![0] + 20 && deleted > before[place]![1] + 20);
    },
    { deadlineMs: 60_000, explain: world.platform.explain },
  );
}

async function drain(world: QueueWorld, queue: Queue, load: Load, seed: number): Promise<void> {
  await waitFor(
    `an empty ${queue.fifo ? 'FIFO' : 'standard'} queue`,
    async (saw) => {
      const { size } = await queue.messageIds();
      saw(`${size} messages, ${load.deleted()} of ${load.acknowledged()} deleted, seed ${seed}`);
      return size === 0;
    },
    { deadlineMs: DRAIN_MS, stepMs: 250, explain: world.platform.explain },
  );
}

function describe({ history }: Load): string {
  const count = (items: readonly { outcome: string }[], outcome: string) =>
    items.filter((item) => item.outcome === outcome).length;
  const { sendings, deletions, deliveries, changes } = history;
  return (
    `${count(sendings, 'done')} sent (${count(sendings, 'unknown')} unknown, ${count(sendings, 'refused')} refused), ` +
    `${deliveries.length} delivered, ${count(deletions, 'done')} deleted (${count(deletions, 'unknown')} unknown), ` +
    `${count(changes, 'done')} visibilities changed`
  );
}

function summary(refusals: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of refusals) {
    const short = text.replaceAll(/[0-9a-f]{8}-?[0-9a-f-]{12,}|\d{3,}/g, '…').slice(0, 120);
    counts.set(short, (counts.get(short) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${count} × ${text}`).join('; ') || 'nothing';
}
