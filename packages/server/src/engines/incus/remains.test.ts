import { access, mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLinks } from '../linux-network/links.ts';
import { machineLink, machineName, platformNames, projectName } from '../names.ts';
import { runInNamespace } from '../run-command.ts';
import { findEngineObstacle, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { cgroupRoots } from './cgroups.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of what deleted machines left: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('what a deleted machine left on the host', { timeout: 60_000 }, () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(() => platform?.close(), 60_000);

  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );

  test('is removed as far as it holds no data, and nothing of a machine that is there', async () => {
    const { platformId, dataDir, compute, network } = platform;
    const { cloudNamespace } = platformNames(platformId);
    const vpcId = 'remains';
    const stays = { tenantId: 'tenant', instanceId: 'stays' };
    await network.ensure({ vpcId, cidr: '10.0.0.0/16', uplinkIndex: 0 });
    await compute.define(stays, testSpec('stays', { vpcId, host: 5 }));
    await compute.start(stays);
    const nameOf = (instanceId: string) =>
      `${projectName(platformId, 'tenant')}_${machineName(platformId, instanceId)}`;
    const logsOf = (instanceId: string) => `${dataDir}/incus/logs/${nameOf(instanceId)}`;
    const [root] = await cgroupRoots();
    const cgroup = `${root}/lxc.payload.${nameOf('gone')}`;
    await mkdir(cgroup);
    await mkdir(logsOf('gone'));
    await writeFile(`${logsOf('gone')}/lxc.log`, '');
    await mkdir(logsOf('gone-with-log'));
    await writeFile(`${logsOf('gone-with-log')}/console.out`, 'the last words');
    const profileOf = (instanceId: string) => `${dataDir}/incus/security/apparmor/profiles/incus-${nameOf(instanceId)}`;
    await writeFile(profileOf('gone'), '');
    await writeFile(profileOf('stays'), '');
    await runInNamespace(cloudNamespace, 'ip', ['link', 'add', machineLink(platformId, 'gone'), 'type', 'veth']);

    await compute.removeRemains();

    expect(await isThere(cgroup)).toBe(false);
    expect(await isThere(logsOf('gone'))).toBe(false);
    expect(await isThere(profileOf('gone'))).toBe(false);
    expect(await isThere(profileOf('stays'))).toBe(true);
    expect(await isThere(logsOf('gone-with-log'))).toBe(true);
    expect(await isThere(logsOf('stays'))).toBe(true);
    const links = await readLinks(cloudNamespace);
    expect(links?.has(machineLink(platformId, 'gone'))).toBe(false);
    expect(links?.has(machineLink(platformId, 'stays'))).toBe(true);
    expect(await compute.inspect(stays)).toMatchObject({ state: 'running' });
    await compute.remove(stays);
    await network.remove(vpcId);
  });
});
