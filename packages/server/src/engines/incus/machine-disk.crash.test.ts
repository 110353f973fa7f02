import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIncusBackdoor } from '../../../../testkit/src/platform-incus.ts';
import { platformNames } from '../names.ts';
import { sendSignal, sleep } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { isDiskless } from './machine-disk.ts';
import { POOL_NAME } from './storage-pool.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of half machines: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('a machine without a disk', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(() => platform?.close(), 60_000);

  const refOf = (instanceId: string) => ({ tenantId: 'tenant', instanceId });
  const incusDir = (): string => `${platform.dataDir}/incus`;
  const disks = () => openIncusBackdoor(platform.dataDir).volumes();

  test('is told as lost, removed, and made anew', async () => {
    const { compute } = platform;
    const ref = refOf('lost');
    await compute.define(ref, testSpec('lost'));
    await compute.start(ref);
    await compute.stop(ref, 0);
    const { mountPin } = platformNames(platform.platformId);
    const folder = `${incusDir()}/storage-pools/${POOL_NAME}/containers`;
    const { stdout } = await runCommand('nsenter', [`--mount=${mountPin}`, '--', 'ls', folder]);
    const disk = stdout.split('\n').find((name) => name.endsWith(compute.nameOf('lost')));
    await runCommand('nsenter', [`--mount=${mountPin}`, '--', 'btrfs', 'subvolume', 'delete', `${folder}/${disk}`]);
    expect(await compute.inspect(ref)).toMatchObject({ state: 'lost' });
    // A start makes a plain folder in its place, which is no disk either.
    await expect(compute.start(ref)).rejects.toMatchObject({ kind: 'failed' });
    expect(await compute.inspect(ref)).toMatchObject({ state: 'lost' });
    await compute.remove(ref);
    await compute.define(ref, testSpec('lost'));
    await compute.start(ref);
    expect((await sh(platform, ref, 'hostname')).out).toBe('lost\n');
    await compute.remove(ref);
  });

  test('is not said of one whose pool or disk cannot be looked at', async () => {
    const instance = { name: 'any', project: 'any', status: 'Stopped', config: {}, devices: {} };
    const { dataDir, platformId } = platform;
    const { mountPin } = platformNames(platformId);
    expect(await isDiskless({ dataDir: '/tmp', mountPin }, instance)).toBe(false);
    const here = { dataDir, mountPin };
    expect(await isDiskless(here, instance)).toBe(true);
    expect(await isDiskless(here, { ...instance, name: 'a'.repeat(256) })).toBe(false);
  });

  // Making one takes about 90 ms here; whatever the machine's speed, some of these moments fall into it.
  const moments = Array.from({ length: 12 }, (_, index) => 5 + index * 9);
  test('is all that an incusd killed while it makes one leaves: it runs, or is lost and made anew', async () => {
    const { compute } = platform;
    let { daemon } = platform;
    let cut = 0;
    for (const ms of moments) {
      const ref = refOf(`after-${ms}`);
      const spec = testSpec(ref.instanceId);
      const making = compute.define(ref, spec).catch(() => cut++);
      await sleep(ms);
      sendSignal(daemon.pid, 'SIGKILL');
      await making;
      await daemon.ended;
      daemon = await platform.restartDaemon();
      if ((await compute.inspect(ref))?.state === 'lost') await compute.remove(ref);
      await compute.define(ref, spec);
      expect({ ms, seen: await compute.inspect(ref) }).toMatchObject({ ms, seen: { state: 'stopped' } });
      expect({ ms, disks: await disks() }).toEqual({ ms, disks: [compute.nameOf(ref.instanceId)] });
      await compute.start(ref);
      expect((await sh(platform, ref, 'hostname')).out).toBe(`${ref.instanceId}\n`);
      await compute.remove(ref);
    }
    expect(cut).toBeGreaterThan(0);
  }, 120_000);
});
