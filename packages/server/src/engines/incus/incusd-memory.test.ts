import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../processes.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { incusDirOf } from './incus-daemon.ts';
import { hasOutgrown } from './incusd-memory.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of incusd's memory: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('an incusd that has more memory than it may', () => {
  let platform: TestPlatform;
  const ref = { tenantId: 'tenant', instanceId: 'one' };
  const MIB = 1024 * 1024;
  const isToGo = (most: number) => hasOutgrown(platform.daemon.pid, incusDirOf(platform.dataDir), most);

  beforeAll(async () => {
    platform = await startTestPlatform();
    await platform.compute.define(ref, testSpec('one'));
    await platform.compute.start(ref);
  });
  afterAll(() => platform?.close());

  test('waits for commands, unless it has twice as much', async () => {
    expect(await isToGo(512 * MIB)).toBe(false);
    const running = sh(platform, ref, 'sleep 3');
    // It has 60 to 120 MiB.
    expect(await waitUntil(async () => !(await isToGo(55 * MIB)), 2_000)).toBe(true);
    expect(await isToGo(20 * MIB)).toBe(true);
    await running;
    expect(await waitUntil(() => isToGo(55 * MIB), 5_000)).toBe(true);
  });

  test('is ended, and what runs goes on', async () => {
    await sh(platform, ref, 'echo before > /tmp/kept; sleep 60 & echo $! > /tmp/pid');
    await platform.daemon.end();
    await platform.daemon.ended;
    const { pid } = await platform.restartDaemon();
    expect(pid).not.toBe(platform.daemon.pid);
    expect((await sh(platform, ref, 'cat /tmp/kept && kill -0 $(cat /tmp/pid) && echo alive')).out).toBe(
      'before\nalive\n',
    );
  });
});
