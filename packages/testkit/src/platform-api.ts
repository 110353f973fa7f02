/** What tests of a whole platform import; apart from index.ts, since it reaches into the engines to look for leftovers. */
export { findEngineObstacle } from '../../server/src/engines/testing.ts';
export { attachTestInternet } from '../../server/src/engines/testing.ts';
export { type RunningPlatform, startPlatform } from './platform.ts';
export { type Answer, type Client, createClient, createTenant } from './platform-client.ts';
export type { Machine } from './platform-incus.ts';
export { waitFor } from './platform-wait.ts';
