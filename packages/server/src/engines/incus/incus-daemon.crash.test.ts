import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { findLeftovers } from '../leftovers.ts';
import { removePlatformNetwork } from '../linux-network/linux-network-engine.ts';
import { platformNames } from '../names.ts';
import { listProcesses, lookAtProcess, sendSignal, waitUntil } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle, readyImage, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { IncusComputeEngine } from './incus-compute-engine.ts';
import { stopDaemon } from './incus-daemon.ts';
import { instancePids } from './instance-processes.ts';
import { listMountNamespaceProcesses } from './mount-namespace.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of incusd: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("the platform's incusd", { timeout: 60_000 }, () => {
  const open: TestPlatform[] = [];
  const begin = async (): Promise<TestPlatform> => {
    const platform = await startTestPlatform();
    open.push(platform);
    return platform;
  };
  // close() itself throws when anything is left on the host.
  afterEach(async () => {
    for (const platform of open.splice(0)) await platform.close();
  }, 60_000);
  const ref = { tenantId: 'tenant', instanceId: 'one' };

  test('two platforms with the same tenants, instances and VPCs run side by side', async () => {
    const [first, second] = [await begin(), await begin()];
    for (const platform of [first, second]) {
      await platform.network.ensure({ vpcId: 'vpc', cidr: '10.0.0.0/16', uplinkIndex: 0 });
      await platform.compute.define(ref, testSpec('one', { vpcId: 'vpc', host: 5 }));
      await platform.compute.start(ref);
      await platform.network.setNames('vpc', [{ name: 'one', address: '10.0.0.5' }]);
    }
    const idBase = async (platform: TestPlatform): Promise<number> =>
      Number((await sh(platform, ref, 'cat /proc/1/uid_map')).out.trim().split(/\s+/)[1]);
    expect(Math.abs((await idBase(first)) - (await idBase(second)))).toBeGreaterThanOrEqual(65_536);
    expect(await first.compute.list()).toHaveLength(1);
    await first.close();
    open.shift();
    expect(await findLeftovers(first.platformId, first.dataDir)).toEqual([]);
    expect((await sh(second, ref, 'nslookup one.internal && ping -c 1 -W 1 10.0.0.1')).code).toBe(0);
    expect((await second.network.list()).map((seen) => seen.healthy)).toEqual([true]);
  });

  test('a disk that the host unmounts is free, also when a platform started while it was mounted', async () => {
    const [image, folder] = [`${mkdtempSync('/tmp/cloud-disk-')}/image`, mkdtempSync('/mnt/a disk ')];
    try {
      await runCommand('truncate', ['--size=16M', image]);
      await runCommand('mkfs.ext4', ['-q', image]);
      await runCommand('mount', ['-o', 'loop', image, folder]);
      await runCommand('mount', ['--make-private', folder]);
      await begin();
      await runCommand('umount', [folder]);
      const isFree = async (): Promise<boolean> => (await runCommand('losetup', ['-j', image])).stdout === '';
      expect(await waitUntil(isFree, 5_000)).toBe(true);
    } finally {
      await runCommand('umount', [folder], { okCodes: [0, 32] });
      rmSync(folder, { recursive: true });
      rmSync(dirname(image), { recursive: true });
    }
  });

  test('everything killed with -9: the next start makes the best of what is left', async () => {
    const platform = await begin();
    const { platformId, compute } = platform;
    await compute.define(ref, testSpec('one'));
    await compute.start(ref);
    expect((await sh(platform, ref, 'echo kept > /root/file')).code).toBe(0);
    const names = platformNames(platformId);
    const victims = async (): Promise<number[]> => [
      ...(await instancePids(names)),
      ...(await listMountNamespaceProcesses(names)),
    ];
    expect((await victims()).length).toBeGreaterThan(2);
    const slaughter = async (): Promise<boolean> => {
      for (const pid of await victims()) sendSignal(pid, 'SIGKILL');
      return (await victims()).length === 0;
    };
    expect(await waitUntil(slaughter, 10_000, 20)).toBe(true);
    await platform.restartDaemon();
    expect((await compute.inspect(ref))?.state).toBe('stopped');
    await compute.start(ref);
    expect((await sh(platform, ref, 'cat /root/file')).out).toBe('kept\n');
  });

  test('after a power cut, with nothing but the data folder, all comes back but what ran', async () => {
    const platform = await begin();
    const { platformId, dataDir, compute } = platform;
    const spec = { vpcId: 'vpc', cidr: '10.0.0.0/16', uplinkIndex: 0 };
    await platform.network.ensure(spec);
    await compute.define(ref, testSpec('one', { vpcId: 'vpc', host: 5 }));
    await compute.start(ref);
    process.kill(platform.daemon.pid, 'SIGKILL');
    await platform.daemon.ended;
    // What a boot takes away: processes, namespaces, mounts, /run. The pid file stays, and its number may be another's.
    await stopDaemonRoughly(platform);
    const daemon = await platform.restartDaemon();
    expect(daemon.adopted).toBe(false);
    expect((await compute.list()).map((seen) => [seen.instanceId, seen.state])).toEqual([['one', 'stopped']]);
    expect((await compute.images()).get('busybox')).toEqual({ state: 'ready' });
    expect(await platform.network.list()).toEqual([]);
    await expect(compute.start(ref)).rejects.toThrow();
    await platform.network.ensure(spec);
    await compute.start(ref);
    expect((await sh(platform, ref, 'ping -c 1 -W 2 10.0.0.1')).code).toBe(0);
    expect((await findLeftovers(platformId, dataDir)).length).toBeGreaterThan(5);
  });

  test('a recreated Incus gets its images from the data folder', async () => {
    const platform = await begin();
    await platform.daemon.stop({ graceMs: 0 });
    await platform.daemon.ended;
    expect((await readdir(`${platform.dataDir}/images`)).filter((name) => !name.startsWith('.'))).toHaveLength(1);
    await runCommand('rm', ['-rf', `${platform.dataDir}/incus`]);
    await platform.restartDaemon();
    const compute = new IncusComputeEngine(platform);
    expect((await compute.images()).get('busybox')).toEqual({ state: 'absent' });
    await readyImage(compute, 'busybox');
    await compute.close();
  });

  test('stop ends the instances cleanly, and leaves nothing', async () => {
    const platform = await begin();
    const { compute, daemon, platformId, dataDir } = platform;
    const command = [
      'sh',
      '-c',
      'trap "echo asked > /root/asked; exit 0" TERM; echo ready; while :; do sleep 0.1; done',
    ];
    await compute.define(ref, testSpec('one', undefined, { command }));
    await compute.start(ref);
    expect(
      await waitUntil(
        async () =>
          Buffer.from(await compute.logs(ref, 100))
            .toString()
            .includes('ready'),
        5_000,
      ),
    ).toBe(true);
    await daemon.stop({ graceMs: 5_000 });
    await daemon.ended;
    await removePlatformNetwork(platformId);
    expect(await waitUntil(async () => (await findLeftovers(platformId, dataDir)).length === 0, 5_000)).toBe(true);
    await stopDaemon({ platformId, dataDir }, 0);
    await platform.restartDaemon();
    await compute.start(ref);
    expect((await sh(platform, ref, 'cat /root/asked')).out).toBe('asked\n');
  });
});

/** Takes away what a reboot takes away, and leaves the data folder as it is. */
async function stopDaemonRoughly(platform: TestPlatform): Promise<void> {
  const names = platformNames(platform.platformId);
  const living = [...(await instancePids(names)), ...(await listMountNamespaceProcesses(names))];
  for (const pid of living) sendSignal(pid, 'SIGKILL');
  const gone = async (): Promise<boolean> => {
    const all = new Set(await listProcesses());
    for (const pid of living) if (all.has(pid) && (await lookAtProcess(pid)) !== undefined) return false;
    return true;
  };
  expect(await waitUntil(gone, 10_000)).toBe(true);
  await removePlatformNetwork(platform.platformId);
  await runCommand('umount', [names.mountPin]);
  await runCommand('umount', [names.mountPin.replace(/\/mnt$/, '')]);
  await runCommand('rm', ['-rf', names.runDir]);
}
