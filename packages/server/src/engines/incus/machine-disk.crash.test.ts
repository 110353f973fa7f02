import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIncusBackdoor } from '../../../../testkit/src/platform-incus.ts';
import { platformNames } from '../names.ts';
import { sendSignal, sleep } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { incusDirOf } from './incus-daemon.ts';
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
  const disks = () => openIncusBackdoor(platform.dataDir).volumes();

  /** A line of shell where the machines' disks are: only in incusd's mount namespace are they seen. */
  const amongDisks = async (line: string): Promise<string> => {
    const { mountPin } = platformNames(platform.platformId);
    const script = `cd ${incusDirOf(platform.dataDir)}/storage-pools/${POOL_NAME}/containers && ${line}`;
    return (await runCommand('nsenter', [`--mount=${mountPin}`, '--', 'sh', '-ec', script])).stdout.trim();
  };

  test('is reported as lost, discarded, and recreated', async () => {
    const { compute } = platform;
    const ref = refOf('lost');
    await compute.define(ref, testSpec('lost'));
    await compute.start(ref);
    await compute.stop(ref, 0);
    await amongDisks(`btrfs subvolume delete *${compute.nameOf('lost')}`);
    expect(await compute.inspect(ref)).toMatchObject({ state: 'lost' });
    // A start makes a plain folder in its place, which is no disk either.
    await expect(compute.start(ref)).rejects.toMatchObject({ kind: 'failed' });
    expect(await compute.inspect(ref)).toMatchObject({ state: 'lost' });
    await compute.discard(ref);
    expect(await compute.inspect(ref)).toBeUndefined();
    await compute.define(ref, testSpec('lost'));
    await compute.start(ref);
    expect((await sh(platform, ref, 'hostname')).out).toBe('lost\n');
    await compute.remove(ref);
  });

  test('is not told as lost, nor discarded, while anything of its disk lies there', async () => {
    const { compute } = platform;
    const ref = refOf('kept');
    await compute.define(ref, testSpec('kept'));
    const untouched = async (): Promise<void> => {
      expect(await compute.inspect(ref)).toMatchObject({ state: 'stopped' });
      await compute.discard(ref);
      expect(await compute.inspect(ref)).toMatchObject({ state: 'stopped' });
    };
    await untouched();
    const disk = await amongDisks(`echo *${compute.nameOf('kept')}`);
    // A disk restored from files; one that a restore of Incus' put aside; snapshots of one that is gone.
    await amongDisks(`mv ${disk} ../aside; cp -a ../aside ${disk}`);
    await untouched();
    await amongDisks(`rm -r ${disk}; mv ../aside ${disk}.tmp`);
    await untouched();
    await amongDisks(`mv ${disk}.tmp ../aside; mkdir -p ../containers-snapshots/${disk}/first`);
    await untouched();
    await amongDisks(`rm -r ../containers-snapshots/${disk}; mv ../aside ${disk}`);
    await compute.start(ref);
    await compute.discard(ref);
    expect((await sh(platform, ref, 'hostname')).out).toBe('kept\n');
    await compute.remove(ref);
  });

  test('is not said of one whose pool or disk cannot be looked at, or is another', async () => {
    const devices = { root: { pool: POOL_NAME } };
    const instance = { name: 'any', project: 'any', status: 'Stopped', config: {}, devices };
    const { dataDir, platformId } = platform;
    const { mountPin } = platformNames(platformId);
    expect(await isDiskless({ dataDir: '/tmp', mountPin }, instance)).toBe(false);
    const here = { dataDir, mountPin };
    expect(await isDiskless(here, instance)).toBe(true);
    expect(await isDiskless(here, { ...instance, name: 'a'.repeat(256) })).toBe(false);
    expect(await isDiskless(here, { ...instance, devices: { root: { pool: 'other' } } })).toBe(false);
  });

  // Making one takes about 90 ms here; whatever the machine's speed, some of these moments fall into it.
  const moments = Array.from({ length: 12 }, (_, index) => 5 + index * 9);
  test('after incusd was killed while creating it, is complete, or lost and recreated', async () => {
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
      if ((await compute.inspect(ref))?.state === 'lost') await compute.discard(ref);
      await compute.define(ref, spec);
      expect({ ms, seen: await compute.inspect(ref) }).toMatchObject({ ms, seen: { state: 'stopped' } });
      expect({ ms, disks: await disks() }).toEqual({ ms, disks: [compute.nameOf(ref.instanceId)] });
      await compute.start(ref);
      expect((await sh(platform, ref, 'hostname')).out).toBe(`${ref.instanceId}\n`);
      await compute.remove(ref);
    }
    expect(cut).toBeGreaterThan(0);
  }, 240_000);
});
