import { afterAll, beforeAll, describe } from 'vitest';
import { ensureConsole } from '../../scripts/console.mjs';
import { findEngineObstacle, type RunningPlatform, startPlatform } from '../../packages/testkit/src/platform-api.ts';
import { type ConsoleBrowser, startBrowser } from './browser.ts';
import type { Stage } from './stage.ts';
import { describeEntrance } from './theme-entrance.ts';
import { describeInstance } from './theme-instance.ts';
import { describeKeyboard } from './theme-keyboard.ts';
import { describeLive } from './theme-live.ts';
import { describeNames } from './theme-names.ts';
import { describePages } from './theme-pages.ts';
import { describeQueue } from './theme-queue.ts';
import { describeRoles } from './theme-roles.ts';
import { describeSecret } from './theme-secret.ts';
import { describeSessions } from './theme-sessions.ts';
import { describeStory } from './theme-story.ts';
import { fillWorld, type World } from './world.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the console in a browser: ${obstacle}`);

/** One platform and one browser for all themes; the first visit needs a platform that nobody has used. One theme alone: `-t keyboard`. */
describe.skipIf(obstacle !== undefined)('the console', { timeout: 60_000 }, () => {
  let platform: RunningPlatform;
  let browser: ConsoleBrowser;
  let world: World | undefined;
  const use = (): Stage => ({
    platform,
    browser,
    world: () => {
      if (world === undefined) throw new Error('the tenant is filled after the first visit');
      return world;
    },
  });

  beforeAll(async () => {
    // The platform starts without a console, too; here it must be there, or say why it is not.
    await ensureConsole();
    platform = await startPlatform();
    browser = await startBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await platform?.close();
  }, 120_000);

  describeStory(use);

  describe('of a tenant in use', () => {
    beforeAll(async () => {
      world = await fillWorld(platform);
    }, 90_000);

    describePages(use);
    describeRoles(use);
    describeLive(use);
    describeSessions(use);
    describeNames(use);
    describeKeyboard(use);
    describeEntrance(use);
    describeInstance(use);
    describeQueue(use);
    describeSecret(use);
  });
});
