import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createTenant,
  findEngineObstacle,
  type RunningPlatform,
  startPlatform,
} from '../../packages/testkit/src/platform-api.ts';
import { type Actor, createActor, createRandom } from './actor.ts';
import { expectTruth } from './audit.ts';
import { type Chaos, runChaos } from './chaos.ts';

/** CRASH_SCALE=10 does all ten times over; CRASH_SEED repeats the edits of a run. */
const SCALE = Number(process.env['CRASH_SCALE'] ?? 1);
const SEED = Math.floor(Number(process.env['CRASH_SEED'] ?? performance.timeOrigin % 1e9));
const ACTORS = 4;

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the crashes of a whole platform: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('whichever process dies', { timeout: 300_000 * SCALE }, () => {
  const random = createRandom(SEED);
  let platform: RunningPlatform;
  let actors: Actor[];

  beforeAll(async () => {
    // Held up at each commit of a pass: a death is more likely to fall between two of them.
    platform = await startPlatform({ env: { CLOUD_SLOW_PASSES_MS: '200' } });
    await platform.query(
      `insert into instance_types (id, name, vcpus, memory_mb, disk_gb, network_mbps, processes, category)
       values ('tiny', 'tiny', 1, 128, 1, 100, 64, 'test')`,
    );
    actors = [];
    for (let index = 0; index < ACTORS; index++)
      actors.push(createActor(platform, await createTenant(platform, `actor${index}`), createRandom(SEED + index)));
  }, 120_000);

  afterAll(() => platform?.close(), 150_000);

  /** In rounds: who dies again and again is started after longer and longer pauses, until it has run for a while. */
  async function survive(chaos: Chaos): Promise<void> {
    for (let round = 0; round < SCALE; round++) await surviveOnce(chaos);
  }

  async function surviveOnce(chaos: Chaos): Promise<void> {
    const begun = performance.now();
    const before = count();
    const deaths = await runChaos(platform, actors, random, chaos);
    const edited = performance.now();
    await expectTruth(platform, actors).catch((error: unknown) => {
      throw new Error(`seed ${SEED}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
    console.info(
      `crash: ${count() - before} edits, ${[...deaths].map(([who, times]) => `${who} died ${times} times`).join(', ')}, ` +
        `${actors.reduce((sum, actor) => sum + actor.retried(), 0)} edits retried so far; ` +
        `${seconds(begun, edited)} s of edits, settled and looked over in ${seconds(edited, performance.now())} s (seed ${SEED})`,
    );
    expect(count() - before).toBeGreaterThanOrEqual(chaos.edits);
  }

  const count = (): number =>
    actors.reduce((sum, actor) => sum + [...actor.counts.values()].reduce((all, one) => all + one, 0), 0);

  test('api and worker, at random over a hundred edits', async () => {
    await survive({
      edits: 120,
      paceMs: 500,
      victims: ['api', 'worker'],
      every: [300, 3_500],
      atLeast: 3,
      atMost: 6,
    });
  });

  test('Incus', async () => {
    await survive({
      edits: 40,
      paceMs: 400,
      victims: ['incusd'],
      every: [500, 3_000],
      atLeast: 2,
      atMost: 3,
    });
  });

  test('PostgreSQL', async () => {
    await survive({
      edits: 40,
      paceMs: 400,
      victims: ['postgres'],
      every: [500, 3_000],
      atLeast: 2,
      atMost: 3,
    });
  });

  test('all of them', async () => {
    const victims = ['api', 'worker', 'incusd', 'postgres'] as const;
    await survive({ edits: 40 * SCALE, paceMs: 400, victims, every: [500, 2_000], atLeast: 1, atMost: 1 });
  });
});
