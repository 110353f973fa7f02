import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../processes.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { createUsageReader } from './machine-usage.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of what a machine uses: ${obstacle}`);

const MIB = 1024 ** 2;

describe.skipIf(obstacle !== undefined)('what a machine uses', () => {
  let platform: TestPlatform;
  const vpcId = 'usage';
  const ref = { tenantId: 'tenant', instanceId: 'busy' };
  const usage = async () => (await platform.compute.usage(ref))!;

  beforeAll(async () => {
    platform = await startTestPlatform({ poolGb: 6 });
    await platform.network.ensure({ vpcId, cidr: '10.0.0.0/16', uplinkIndex: 0 });
    await platform.compute.define(ref, testSpec('busy', { vpcId, host: 5 }, { memoryMb: 256 }));
    await platform.compute.start(ref);
  });
  afterAll(() => platform?.close());

  test('a busy loop uses what its shell says that it used', async () => {
    const idle = await usage();
    const { out } = await sh(platform, ref, '(while :; do :; done) & sleep 2; kill $!; wait $!; times');
    const { cpuNs } = await usage();
    const [user, system] = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/
      .exec(out)!
      .slice(1)
      .map(Number)
      .flatMap((minutes, place, all) => (place % 2 === 0 ? [minutes * 60 + all[place + 1]!] : []));
    const used = user! + system!;
    expect(used).toBeGreaterThan(0.1);
    // The shell and what starts it use some, too.
    expect((cpuNs - idle.cpuNs) / 1e9).toBeGreaterThan(used * 0.9);
    expect((cpuNs - idle.cpuNs) / 1e9).toBeLessThan(used * 1.1 + 0.2);
  });

  test('a file of 50 MB is on the disk at once, and is not held for memory', async () => {
    const before = await usage();
    await sh(platform, ref, 'dd if=/dev/urandom of=/root/file bs=1M count=50');
    const written = await usage();
    expect(written.disk!.bytes - before.disk!.bytes).toBeGreaterThan(49 * MIB);
    expect(written.disk!.bytes - before.disk!.bytes).toBeLessThan(60 * MIB);
    expect(written.memoryBytes - before.memoryBytes).toBeLessThan(10 * MIB);
    await sh(platform, ref, 'sync; rm /root/file; sync');
    expect(await waitUntil(async () => (await usage()).disk!.bytes < before.disk!.bytes + 5 * MIB, 40_000)).toBe(true);
  }, 60_000);

  test('memory of a process counts, and a file in memory too', async () => {
    const before = await usage();
    await sh(platform, ref, 'mount -t tmpfs none /mnt && dd if=/dev/zero of=/mnt/file bs=1M count=60');
    expect((await usage()).memoryBytes - before.memoryBytes).toBeGreaterThan(55 * MIB);
    await sh(platform, ref, 'umount /mnt');
    expect(await waitUntil(async () => (await usage()).memoryBytes < before.memoryBytes + 10 * MIB, 5_000)).toBe(true);
  });

  test('processes and packets are counted', async () => {
    const before = await usage();
    await sh(platform, ref, 'for i in 1 2 3 4 5; do sleep 5 & done');
    expect((await usage()).processes - before.processes).toBeGreaterThanOrEqual(5);
    const { out } = await sh(platform, ref, 'ping -c 5 -i 0.2 -s 1000 10.0.0.1');
    expect(out).toContain('5 packets received');
    const after = await usage();
    for (const [packets, bytes] of [
      ['rxPackets', 'rxBytes'],
      ['txPackets', 'txBytes'],
    ] as const) {
      expect(after.network![packets] - before.network![packets]).toBeGreaterThanOrEqual(5);
      expect(after.network![bytes] - before.network![bytes]).toBeGreaterThanOrEqual(5_000);
    }
  });

  test('a reading takes less than 5 ms and starts no process', async () => {
    await usage();
    const forks = async () => Number(/^processes (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))![1]);
    const rounds: { ms: number; forks: number }[] = [];
    for (let i = 0; i < 50; i++) {
      const [began, forked] = [performance.now(), await forks()];
      await usage();
      rounds.push({ ms: performance.now() - began, forks: (await forks()) - forked });
    }
    const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length / 2]!;
    // Others may work on this machine: the typical reading tells.
    expect(middle(rounds.map((round) => round.ms))).toBeLessThan(5);
    expect(middle(rounds.map((round) => round.forks))).toBe(0);
  });
});

/** The kernel's files of a machine with the first process 7. */
async function writeMachine(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'cloud-usage-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const files = {
    'proc/self/mounts': `none /proc proc rw 0 0\ncgroup2 ${root}/cgroup cgroup2 rw,nosuid 0 0\n`,
    'proc/7/cgroup': '0::/lxc.payload.t_i/init.scope\n',
    'proc/7/net/dev':
      'Inter-|   Receive                            |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    lo:       1       1    0    0    0     0          0         0        1       1    0    0    0     0       0          0\n  eth0: 1000       10    0    0    0     0          0         0     2000      20    0    0    0     0       0          0\n',
    'proc/7/mountinfo':
      '130 77 0:42 /containers/t_i/rootfs / rw,relatime,idmapped shared:6 - btrfs /dev/loop77 rw,space_cache=v2,subvolid=257,subvol=/containers/t_i\n131 130 0:47 / /dev rw - tmpfs none rw\n',
    'btrfs/one/devices/loop3': '',
    'btrfs/one/qgroups/0_257/referenced': '1\n',
    'btrfs/two/devices/loop77': '',
    'btrfs/two/qgroups/0_257/referenced': '5000\n',
    'btrfs/two/qgroups/0_257/rsv_data': '600\n',
    'btrfs/two/qgroups/0_257/max_referenced': '10000\n',
    'cgroup/lxc.payload.t_i/cpu.stat': 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n',
    'cgroup/lxc.payload.t_i/cpu.max': '50000 100000\n',
    'cgroup/lxc.payload.t_i/memory.current': '9000\n',
    'cgroup/lxc.payload.t_i/memory.max': '20000\n',
    'cgroup/lxc.payload.t_i/memory.stat':
      'anon 3000\nfile 4000\nkernel 1000\nshmem 500\ninactive_file 100\nslab_reclaimable 300\n',
    'cgroup/lxc.payload.t_i/pids.current': '4\n',
    'cgroup/lxc.payload.t_i/pids.max': '100\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

test('a machine whose first process has just ended does not run', async () => {
  const root = await writeMachine();
  const parent = spawn('sh', ['-c', 'true & exec sleep 30']);
  const ended = new Promise((resolve) => parent.once('exit', resolve));
  onTestFinished(async () => {
    parent.kill();
    await ended;
  });
  const childOf = async () => (await readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8')).trim();
  const stateOf = async (pid: string) => /^State:\t(.)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  expect(await waitUntil(async () => (await stateOf(await childOf())) === 'Z', 5_000)).toBe(true);
  const pid = Number(await childOf());
  // Its network's counters are still there in the machine's own, so that its mounts are what is missing.
  await mkdir(join(root, `proc/${pid}/net`), { recursive: true });
  await writeFile(join(root, `proc/${pid}/net/dev`), '');
  await writeFile(join(root, `proc/${pid}/cgroup`), '0::/lxc.payload.t_i\n');
  await symlink(`/proc/${pid}/mountinfo`, join(root, `proc/${pid}/mountinfo`));
  await expect(readFile(join(root, `proc/${pid}/mountinfo`))).rejects.toMatchObject({ code: 'EINVAL' });
  const reader = createUsageReader({ proc: join(root, 'proc'), btrfs: join(root, 'btrfs') });
  expect(await reader.read({ name: 't_i', pid })).toBeUndefined();
});

test('a machine that runs again after its monitor was killed is not taken for the one that ended', async () => {
  const root = await writeMachine();
  const [ended, present] = ['', '-1'].map((end) => join(root, `cgroup/lxc.payload.t_i${end}`)) as [string, string];
  await cp(ended, present, { recursive: true });
  await writeFile(join(ended, 'pids.current'), '0\n');
  await writeFile(join(root, 'proc/7/cgroup'), '0::/lxc.payload.t_i-1\n');
  const reader = createUsageReader({ proc: join(root, 'proc'), btrfs: join(root, 'btrfs') });
  expect(await reader.read({ name: 't_i', pid: 7 })).toMatchObject({ processes: 4 });
  // What has the number of its process by now is another's.
  await writeFile(join(root, 'proc/7/cgroup'), '0::/lxc.payload.t_i-other\n');
  expect(await reader.read({ name: 't_i', pid: 7 })).toBeUndefined();
});

test('the files of cgroup version 2 are read, too', async () => {
  const root = await writeMachine();
  const reader = createUsageReader({ proc: join(root, 'proc'), btrfs: join(root, 'btrfs') });
  expect(await reader.read({ name: 't_i', pid: 7 })).toEqual({
    at: expect.any(Number),
    cpuNs: 1_500_000,
    vcpus: 0.5,
    memoryBytes: 9000 - (4000 - 500) - 300,
    memoryLimitBytes: 20_000,
    disk: { bytes: 5600, limitBytes: 10_000 },
    processes: 4,
    processLimit: 100,
    network: { rxBytes: 1000, rxPackets: 10, txBytes: 2000, txPackets: 20 },
  });
  expect(await reader.read({ name: 't_other', pid: 7 })).toBeUndefined();
  expect(await reader.read({ name: 't_i', pid: 8 })).toBeUndefined();
  expect(await reader.read({ name: 't', pid: 7 })).toBeUndefined();
});
