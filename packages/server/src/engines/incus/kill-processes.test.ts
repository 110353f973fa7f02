import { access, chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { MachineRef } from '../../services/instances/compute-engine.ts';
import { platformNames, projectName } from '../names.ts';
import { waitUntil } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { cgroupRoots } from './cgroups.ts';
import { IncusClient } from './incus-client.ts';
import { incusSocketOf } from './incus-daemon.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of processes that cannot be killed: ${obstacle}`);

/** Milliseconds. One that cannot be killed took 40 s. */
const SOON_MS = 6_000;

const hasFreezer = (await cgroupRoots()).some((root) => root.endsWith('/freezer'));
const FREEZER = 'mkdir -p /tmp/v1 && mount -t cgroup -o freezer none /tmp/v1 && cd /tmp/v1';

describe.skipIf(obstacle !== undefined)('an instance is gone soon, although', { timeout: 60_000 }, () => {
  let platform: TestPlatform;
  let number = 0;

  beforeAll(async () => {
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(() => platform?.close(), 60_000);

  const start = async () => {
    const ref = { tenantId: 'tenant', instanceId: `hard-${++number}` };
    await platform.compute.define(ref, testSpec('hard'));
    await platform.compute.start(ref);
    return ref;
  };

  /** Runs the lines inside, then removes the instance. */
  async function expectEnd(lines: string, said: string | RegExp): Promise<void> {
    const ref = await start();
    expect((await sh(platform, ref, lines)).out).toMatch(said);
    const begun = performance.now();
    await platform.compute.remove(ref);
    expect(performance.now() - begun).toBeLessThan(SOON_MS);
    expect(await platform.compute.inspect(ref)).toBeUndefined();
  }

  test.skipIf(!hasFreezer)('it froze its processes in a cgroup that it made, deeper than the kernel tells', () =>
    expectEnd(
      `${FREEZER}; name=$(printf %0200d 1); n=0; while mkdir $name && cd $name; do n=$((n + 1)); done 2> /dev/null
       sleep 1000 & echo $! > cgroup.procs; echo FROZEN > freezer.state; cat freezer.state; echo $n deep`,
      /(FROZEN|FREEZING)[^]*\d\d deep/,
    ),
  );

  test.skipIf(!hasFreezer)('it froze its first process', () =>
    expectEnd(
      `${FREEZER}; mkdir a; echo 1 > a/cgroup.procs; echo FROZEN > a/freezer.state; cat a/freezer.state`,
      /FROZEN|FREEZING/,
    ),
  );

  test('it froze its processes in a cgroup of version 2', () =>
    expectEnd(
      `mkdir -p /tmp/v2 && mount -t cgroup2 none /tmp/v2 && cd /tmp/v2; mkdir a; sleep 1000 & echo $! > a/cgroup.procs
       echo 1 > a/cgroup.freeze; sleep 0.2; cat a/cgroup.events`,
      'frozen 1',
    ));

  test('its processes are stopped, are in other namespaces, and fork as fast as they can', () =>
    expectEnd(
      `sleep 1000 & kill -STOP $!; unshare -Urpf --mount-proc sh -c 'trap "" TERM; while :; do sleep 1000; done' &
       sleep 0.5; (bomb() { bomb & bomb & wait; }; bomb) 2> /dev/null & sleep 1; echo bombed`,
      'bombed',
    ));

  test.skipIf(!hasFreezer)('the whole platform stops while one of its instances is frozen', async () => {
    const other = await startTestPlatform();
    const ref = { tenantId: 'tenant', instanceId: 'frozen' };
    try {
      await other.compute.define(ref, testSpec('frozen'));
      await other.compute.start(ref);
      await sh(other, ref, `${FREEZER}; mkdir a; echo 1 > a/cgroup.procs; echo FROZEN > a/freezer.state`);
    } finally {
      const begun = performance.now();
      // Fails if anything is left on the host.
      await other.close();
      expect(performance.now() - begun).toBeLessThan(2 * SOON_MS);
    }
  });

  test('it cannot wait for a file system that it serves itself: it may not open FUSE', async () => {
    const fuse = await stat('/dev/fuse').catch(() => undefined);
    if (fuse === undefined) return expect(await access('/dev/fuse').catch(() => 'absent')).toBe('absent');
    // As distributions have it, which run udev.
    await chmod('/dev/fuse', 0o666);
    onTestFinished(() => chmod('/dev/fuse', fuse.mode & 0o777));
    const ref = await start();
    const { code, err } = await sh(platform, ref, 'test -w /dev/fuse && cat /dev/fuse');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('Operation not permitted') });
    await platform.compute.remove(ref);
  });
  test('not, if one of its processes waits in the kernel: what does not end is said soon, and ends when it can', async () => {
    const ref = await start();
    const disk = await mountFrozenDisk(platform, ref);
    try {
      expect((await sh(platform, ref, '(echo x > /mnt/frozen/file) > /dev/null 2>&1 & echo $!')).out).toMatch(/^\d+$/m);
      const begun = performance.now();
      await expect(platform.compute.remove(ref)).rejects.toMatchObject({
        kind: 'stuck',
        message: expect.stringMatching(/^\d processes .* do not end by SIGKILL .*\d+ \(D, \w+\)/),
      });
      expect(performance.now() - begun).toBeLessThan(2 * SOON_MS);
    } finally {
      await disk.thaw();
    }
    const isGone = () =>
      platform.compute.remove(ref).then(
        () => true,
        () => false,
      );
    expect(await waitUntil(isGone, 30_000, 500)).toBe(true);
    await disk.remove();
  });
});

/** A disk of the host at /mnt/frozen in the instance, which takes no write until it thaws: who writes waits and cannot be killed. */
async function mountFrozenDisk(platform: TestPlatform, { tenantId, instanceId }: MachineRef) {
  const folder = await mkdtemp('/tmp/cloud-frozen-');
  const image = `${folder}.img`;
  // Where incusd looks for it.
  const inside = (...words: string[]) =>
    runCommand('nsenter', [`--mount=${platformNames(platform.platformId).mountPin}`, '--', ...words]);
  await runCommand('truncate', ['-s', '16M', image]);
  await runCommand('mkfs.ext4', ['-q', image]);
  await inside('mount', '-o', 'loop', image, folder);
  await inside('chmod', '777', folder);
  const client = new IncusClient(incusSocketOf(platform.dataDir));
  await client.call('PATCH', `/1.0/instances/${platform.compute.nameOf(instanceId)}`, {
    project: projectName(platform.platformId, tenantId),
    body: { devices: { frozen: { type: 'disk', source: folder, path: '/mnt/frozen' } } },
  });
  await client.close();
  await inside('fsfreeze', '-f', folder);
  return {
    thaw: () => inside('fsfreeze', '-u', folder),
    remove: async () => {
      await inside('umount', folder);
      await rm(folder, { recursive: true });
      await rm(image);
    },
  };
}
