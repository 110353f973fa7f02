import { afterAll, beforeAll, describe } from 'vitest';
import {
  findEngineObstacle,
  type RunningPlatform,
  createTenant,
  startPlatform,
} from '../../packages/testkit/src/platform-api.ts';
import { addTypes } from '../acceptance/instances.ts';
import { createNeighbour, type Neighbour } from './neighbour.ts';
import { describeKernel } from './theme-kernel.ts';
import { describeRoom } from './theme-room.ts';
import { describeLoad } from './theme-load.ts';
import { describeStranger } from './theme-stranger.ts';
import { describeUnkillable } from './theme-unkillable.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the attacks on a whole platform: ${obstacle}`);

/** One platform for all attacks, one after the other, beside one neighbour. One alone: `-t 'a stranger'`. */
describe.skipIf(obstacle !== undefined)('while somebody attacks', { timeout: 120_000 }, () => {
  let platform: RunningPlatform;
  let neighbour: Neighbour;
  const use = (): RunningPlatform => platform;
  const beside = (): Neighbour => neighbour;

  beforeAll(async () => {
    // As an ordinary platform has it: other tests have a higher one.
    platform = await startPlatform({ env: { CLOUD_RATE_LIMIT: '1000' } });
    await createTenant(platform, 'operator');
    await addTypes(platform);
    neighbour = await createNeighbour(use, 'neighbour');
  }, 120_000);

  afterAll(() => platform?.close(), 120_000);

  describeStranger(use, beside);
  describeKernel(use, beside);
  describeRoom(use, beside);
  describeUnkillable(use, beside);
  describeLoad(use, beside);
});
