import type { RunningPlatform } from '../../packages/testkit/src/platform-api.ts';
import type { ConsoleBrowser } from './browser.ts';
import type { World } from './world.ts';

/** What all themes share: one platform and one browser. */
export interface Stage {
  readonly platform: RunningPlatform;
  readonly browser: ConsoleBrowser;
  /** The tenant in use; filled when it is first asked for. */
  readonly world: () => World;
}

/** How a theme gets at what the file started. */
export type Use = () => Stage;
