import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDiskObstacle } from './power.ts';
import { type PoweredWorld, playPowerCut, startPoweredWorld } from './power-scene.ts';

const SEED = Math.floor(Number(process.env['QUEUE_SEED'] ?? performance.timeOrigin % 1e9));

const obstacle = await findDiskObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, power cuts under load: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('when the power fails', { timeout: 150_000 }, () => {
  let powered: PoweredWorld;
  beforeAll(async () => {
    powered = await startPoweredWorld();
  }, 120_000);
  afterAll(() => powered?.close(), 150_000);

  test('under load no acknowledged message is lost, and no acknowledged deletion', async () => {
    expect(await playPowerCut(powered, 'cut', SEED), `seed ${SEED}`).toEqual([]);
  });
});
