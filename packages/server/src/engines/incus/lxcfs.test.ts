import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpus } from 'node:os';
import { platformNames } from '../names.ts';
import { sendSignal, waitUntil } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { hasLxcfs, lxcfsMounts, startLxcfs } from './lxcfs.ts';
import { listMountNamespaceProcesses } from './mount-namespace.ts';

const obstacle = (await findEngineObstacle()) ?? ((await hasLxcfs()) ? undefined : 'lxcfs is not installed');
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of lxcfs: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('an instance beside lxcfs', { timeout: 60_000 }, () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(() => platform?.close(), 60_000);

  const ref = { tenantId: 'tenant', instanceId: 'small' };
  const inside = async (line: string) => {
    const { out, err } = await sh(platform, ref, line);
    return `${out}${err}`.trim();
  };
  const memoryKb = async () => Number(/MemTotal:\s+(\d+)/.exec(await inside('cat /proc/meminfo'))?.[1]);

  test('sees its own memory, processors and uptime', async () => {
    await startLxcfs(platform);
    await platform.compute.define(ref, testSpec('small', undefined, { memoryMb: 128, vcpus: 1 }));
    await platform.compute.start(ref);
    expect(await memoryKb()).toBe(128 * 1024);
    expect(cpus().length, 'the test has something to show').toBeGreaterThan(1);
    expect(await waitUntil(async () => (await inside('nproc')) === '1', 3_000)).toBe(true);
    expect(await inside('grep -c ^processor /proc/cpuinfo; cat /sys/devices/system/cpu/online')).toMatch(/^1\n[0-9]+$/);
    expect(Number((await inside('cat /proc/uptime')).split(' ')[0])).toBeLessThan(60);
    expect(await inside('cat /proc/loadavg')).toMatch(/^\d+\.\d+ \d+\.\d+ \d+\.\d+ /);
    expect(Number((await inside('df -k /')).split(/\s+/)[8])).toBeLessThanOrEqual(4 * 1024 ** 2);
  });

  test('keeps it when lxcfs dies and is started again; in between it reads nothing wrong', async () => {
    const before = await startLxcfs(platform);
    expect((await startLxcfs(platform)).pid, 'one that lives is taken over').toBe(before.pid);
    for (const round of [1, 2]) {
      const lived = await startLxcfs(platform);
      sendSignal(lived.pid, 'SIGKILL');
      await lived.ended;
      expect(await inside('cat /proc/meminfo'), String(round)).toContain('not connected');
      const fresh = await startLxcfs(platform);
      expect(fresh.failed).toEqual([]);
      expect(await memoryKb()).toBe(128 * 1024);
      expect(
        await inside(
          'free -k >/dev/null && top -bn1 >/dev/null && cat /proc/stat /proc/loadavg > /dev/null && echo good',
        ),
      ).toBe('good');
    }
    // Once each, however often it died.
    const paths = lxcfsMounts(await inside('cat /proc/1/mountinfo')).map((mount) => mount.path);
    expect(paths).toContain('/proc/meminfo');
    expect(new Set(paths).size).toBe(paths.length);
    await platform.compute.stop(ref, 0);
    await platform.compute.start(ref);
    expect(await memoryKb()).toBe(128 * 1024);
  });

  test('does no harm by what a tenant mounts in its way, and what dies with the platform leaves nothing', async () => {
    // A folder of its own over what is to be put back.
    expect(await inside('mkdir /mine && mount --bind /mine /proc && echo done')).toBe('done');
    const lived = await startLxcfs(platform);
    sendSignal(lived.pid, 'SIGKILL');
    await lived.ended;
    const pid = (await startLxcfs(platform)).pid;
    expect(await listMountNamespaceProcesses(platformNames(platform.platformId))).toContain(pid);
    const { stdout } = await runCommand('cat', ['/proc/self/mounts']);
    expect(stdout, 'nothing of it is seen on the host').not.toContain('fuse.lxcfs');
    await platform.compute.stop(ref, 0);
    await platform.compute.start(ref);
    expect(await memoryKb()).toBe(128 * 1024);
  });
});
