import { afterAll, beforeAll, describe } from 'vitest';
import {
  type Client,
  createTenant,
  findEngineObstacle,
  type RunningPlatform,
  startPlatform,
} from '../../packages/testkit/src/platform-api.ts';
import { describeAddresses } from './theme-addresses.ts';
import { describeApi } from './theme-api.ts';
import { describeDebian } from './theme-debian.ts';
import { describeDrift } from './theme-drift.ts';
import { describeEvening } from './theme-evening.ts';
import { describeIsolation } from './theme-isolation.ts';
import { describeLimits } from './theme-limits.ts';
import { describeRestart } from './theme-restart.ts';
import { describeStory } from './theme-story.ts';
import { addTypes } from './instances.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the acceptance of a whole platform: ${obstacle}`);

/** One platform for all themes: each has tenants of its own, and a first start costs 5 s. One alone: `-t isolation`. */
describe.skipIf(obstacle !== undefined)('a started platform', { timeout: 120_000 }, () => {
  let platform: RunningPlatform;
  let operator: Client;
  const use = (): RunningPlatform => platform;

  beforeAll(async () => {
    platform = await startPlatform();
    operator = await createTenant(platform, 'operator');
    await addTypes(platform);
  }, 120_000);

  afterAll(() => platform?.close(), 120_000);

  describeStory(use, () => operator);
  describeApi(use);
  describeEvening(use);
  describeIsolation(use);
  describeAddresses(use);
  describeLimits(use);
  describeDrift(use);
  describeRestart(use);
  describeDebian(use);
});
