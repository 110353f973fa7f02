import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectName } from '../names.ts';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { IncusClient, type IncusInstance } from './incus-client.ts';
import { incusDirOf, incusSocketOf } from './incus-daemon.ts';
import { kernelBudgets } from './kernel-budgets.ts';
import { logFolderOf, readRunRecord } from './run-record.ts';
import { isPureV2, shareLines } from './kernel-share.ts';

test('a host with version 2 of cgroups alone is told from others', () => {
  expect(isPureV2('0::/user.slice\n')).toBe(true);
  expect(isPureV2('2:cpu:/\n1:name=systemd:/\n0::/\n')).toBe(false);
});

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of what instances share of the kernel: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('what instances share of the kernel', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  });
  afterAll(() => platform?.close());

  test('is raised at start above what all memory can hold', async () => {
    for (const { path, atLeast } of kernelBudgets(totalmem()))
      expect(Number(await readFile(`/proc/sys/${path}`, 'utf8')), path).toBeGreaterThanOrEqual(atLeast);
  });

  test('each instance has its own account with the kernel, one that an earlier version made from its next start', async () => {
    const { compute, dataDir, platformId } = platform;
    const [fresh, old] = ['fresh', 'old'].map((instanceId) => ({ tenantId: 'shares', instanceId }));
    for (const ref of [fresh!, old!]) await compute.define(ref, testSpec(ref.instanceId));
    const project = projectName(platformId, 'shares');
    const path = `/1.0/instances/${compute.nameOf('old')}`;
    const client = new IncusClient(incusSocketOf(dataDir));
    const { config } = await client.call<IncusInstance>('GET', path, { project });
    const shared = shareLines(`${dataDir}/guest`, logFolderOf(incusDirOf(dataDir), project, compute.nameOf('old')));
    expect(config['raw.lxc']!.split('\n')).toEqual(expect.arrayContaining(shared));
    const lines = config['raw.lxc']!.split('\n').filter((line) => !shared.includes(line));
    const before = { 'raw.lxc': lines.join('\n'), 'security.syscalls.deny': '' };
    await client.call('PATCH', path, { project, body: { config: before } });
    await client.close();
    const owners: number[] = [];
    for (const ref of [fresh!, old!]) {
      await compute.start(ref);
      const record = await readRunRecord(logFolderOf(incusDirOf(dataDir), project, compute.nameOf(ref.instanceId)));
      // NS_GET_OWNER_UID of linux/nsfs.h.
      const ask = 'open F, "<", $ARGV[0]; $uid = pack "L", 0; ioctl F, 0xb704, $uid or die $!; print unpack "L", $uid';
      owners.push(Number((await runCommand('perl', ['-e', ask, `/proc/${record!.pid}/ns/user`])).stdout));
      const filters = await sh(platform, ref, 'grep -h ^Seccomp_filters: /proc/1/status /proc/self/status');
      expect(filters.out).toBe(`Seccomp_filters:\t${process.arch === 'x64' ? 2 : 1}\n`.repeat(2));
      expect((await sh(platform, ref, 'cat /proc/self/uid_map')).out.trim().split(/ +/)[1]).toBe(String(owners.at(-1)));
    }
    expect(owners[0]).not.toBe(owners[1]);
    expect((await runCommand('pgrep', ['-u', owners.join(), '-fx', '/bin/sleep 30'], { okCodes: [0, 1] })).stdout).toBe(
      '',
    );
    for (const ref of [fresh!, old!]) await compute.remove(ref);
  });
});
