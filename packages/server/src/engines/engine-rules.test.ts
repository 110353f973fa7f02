import { expect, test } from 'vitest';
import { ConsoleLogs } from './incus/console-log.ts';
import { guestInitCommand, withoutVariables } from './incus/guest-init.ts';
import { sourceLines, stepOf } from './incus/images/debian-image.ts';
import { kindOf } from './incus/incus-client.ts';
import { IncusComputeEngine } from './incus/incus-compute-engine.ts';
import { instanceOf } from './incus/incus-events.ts';
import { commonLines, machineConfig, readEnv } from './incus/machine-config.ts';
import { mountsBelow } from './incus/mount-namespace.ts';
import { defaultPoolGb } from './incus/storage-pool.ts';
import { addressesOf, egressAddresses, isAddress } from './linux-network/addresses.ts';
import { machineLink, machineName, networkNames, platformNames, projectName } from './names.ts';
import { testSpec } from './testing.ts';

test('names fit, and differ between platforms', () => {
  const [a, b] = ['0198c0de-0000-7000-8000-000000000001', '0198c0de-0000-7000-8000-000000000002'];
  const linksOf = (platform: string): string[] => {
    const { bridge, leg, uplink } = networkNames(platform, 'vpc');
    return [bridge, leg, uplink, machineLink(platform, 'instance'), platformNames(platform).egressLink];
  };
  for (const link of linksOf(a)) expect(link.length).toBeLessThanOrEqual(15);
  const all = [a, b].flatMap((platform) => [
    ...linksOf(platform),
    machineName(platform, 'instance'),
    projectName(platform, 'tenant'),
    platformNames(platform).runDir,
  ]);
  expect(new Set(all).size).toBe(all.length);
  expect(networkNames(a, 'vpc')).toEqual(networkNames(a, 'vpc'));
});

test('addresses of a network', () => {
  const spec = { vpcId: 'v', cidr: '10.1.0.0/16', uplinkIndex: 64 };
  expect(addressesOf(spec)).toEqual({
    cidr: '10.1.0.0/16',
    prefix: 16,
    gateway: '10.1.0.1',
    edgeSide: '198.18.1.1',
    routerSide: '198.18.1.2',
  });
  expect(addressesOf({ ...spec, uplinkIndex: 16_383 }).routerSide).toBe('198.18.255.254');
  expect(egressAddresses(16_383)).toEqual({ host: '198.19.255.253', edge: '198.19.255.254' });
  for (const cidr of [
    '10.0.0.0/15',
    '10.0.0.0/29',
    '10.0.0.1/16',
    '11.0.0.0/16',
    '172.32.0.0/16',
    '192.169.0.0/24',
    '10.0.0.0',
    '10.0.0.0/16; drop',
    '010.0.0.0/16',
    '256.0.0.0/16',
  ]) {
    expect(() => addressesOf({ ...spec, cidr }), cidr).toThrow('CIDR');
  }
  for (const uplinkIndex of [-1, 16_384, 1.5, Number.NaN])
    expect(() => addressesOf({ ...spec, uplinkIndex })).toThrow('uplink index');
  expect(['1.2.3.4', '1.2.3', '1.2.3.256', '1.2.3.4\n', 'a'].map(isAddress)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('no word of a tenant makes a line of configuration', () => {
  const evil = 'x\nlxc.hook.pre-start = /bin/sh';
  const spec = testSpec(
    'host',
    { vpcId: 'v', host: 5 },
    { env: { A: evil, B: 'fine' }, command: ['sh', evil, '"', ''] },
  );
  const folders = { guest: '/guest', logs: '/logs' };
  const { config } = machineConfig('p', folders, { tenantId: 't', instanceId: 'i' }, spec);
  const lines = config['raw.lxc']?.split('\n') ?? [];
  const common = commonLines(folders);
  expect(lines.slice(0, 1 + common.length)).toEqual(['lxc.uts.name = host', ...common]);
  expect(lines.slice(1 + common.length)).toEqual([
    expect.stringMatching(/^lxc\.init\.cmd = [A-Za-z0-9+/=._ -]+$/),
    'lxc.net.0.ipv4.address = 10.0.0.5/16 10.0.255.255',
    'lxc.net.0.ipv4.gateway = 10.0.0.1',
  ]);
  expect(readEnv(config)).toEqual({ A: evil, B: 'fine' });
  expect(guestInitCommand([''], undefined).endsWith(' - .')).toBe(true);
});

test('no variable of a tenant reaches what runs on the host: Incus hands environment.* to hooks that it runs there as root', () => {
  const env = { LD_PRELOAD: '/evil.so', PATH: '/evil', PLAIN: 'x', EMPTY: '' };
  for (const command of [undefined, ['sh']]) {
    const spec = testSpec('host', undefined, { env, ...(command ? { command } : {}) });
    const { config, devices } = machineConfig(
      'p',
      { guest: '/guest', logs: '/logs' },
      { tenantId: 't', instanceId: 'i' },
      spec,
    );
    expect(Object.keys(config).filter((key) => key.startsWith('environment.'))).toEqual([]);
    expect(config['raw.lxc']).not.toMatch(/environment|evil/);
    // Arguments, which everybody on the host reads.
    expect(config['raw.lxc']).not.toContain(Buffer.from('/evil').toString('base64').slice(0, 6));
    expect(readEnv(config)).toEqual(env);
    expect(devices['thecloud']).toBeDefined();
  }
  const bare = machineConfig(
    'p',
    { guest: '/guest', logs: '/logs' },
    { tenantId: 't', instanceId: 'i' },
    testSpec('host'),
  );
  expect(bare.config['raw.lxc']).not.toContain('lxc.init.cmd');
});

test('a machine of an earlier version loses the variables in the arguments of its first process', () => {
  const begin = 'lxc.init.cmd = /dev/.thecloud/busybox sh /dev/.thecloud/init';
  expect(withoutVariables(`${begin} 2 A .eA== B . .c2g= .`, 'i1-2')).toBe(`${begin} i1-2 .c2g= .`);
  expect(withoutVariables(`${begin} 1 A .eA==`, 'i1-2')).toBe(`${begin} i1-2`);
  expect(withoutVariables(`${begin} 0 .c2g=`, 'i1-2')).toBe(`${begin} - .c2g=`);
  for (const line of [`${begin} i1-2 .c2g=`, `${begin} - .c2g=`, 'lxc.uts.name = 1'])
    expect(withoutVariables(line, 'i1-2')).toBe(line);
});

test("package sources for debian/12 are the machine's own", () => {
  const rows = [
    'http://mirror/debian/|bookworm|bookworm|main|Debian|Debian|',
    'http://mirror/debian/|bookworm-backports|bookworm-backports|main|Debian Backports|Debian Backports|',
    'http://mirror/security/|bookworm-security|bookworm-security|main|Debian|Debian-Security|',
  ];
  expect(sourceLines(rows.join('\n'))).toEqual([
    'deb http://mirror/debian/ bookworm main',
    'deb http://mirror/debian/ bookworm-updates main',
    'deb http://mirror/security/ bookworm-security main',
  ]);
  expect(() => sourceLines('http://mirror/ubuntu/|noble|noble|main|Ubuntu|Ubuntu|')).toThrow('Debian mirror');
});

test('where Incus never ran there are no logs to trim', async () => {
  const engine = new IncusComputeEngine({ dataDir: '/nowhere', platformId: '0198c0de-0000-7000-8000-000000000001' });
  await expect(engine.trimLogs()).resolves.toBeUndefined();
  await engine.close();
});

test('of the lines of an image build only the steps are shown: the rest has paths and addresses of the host', () => {
  const lines = [
    'I: automatically chosen mode: root',
    'I: using /srv/cloud/images/.debian-12.x/image/rootfs as tempdir',
    'I: running apt-get update...',
    'Get:1 http://user:password@mirror.internal/debian bookworm InRelease [151 kB]',
    'I: downloading packages with apt...',
    'W: Failed to fetch http://mirror.internal/debian/dists/bookworm/InRelease',
    'I: running special hook: /srv/hook...',
    'I: installing remaining packages inside the chroot...',
    'I: removing tempdir /srv/cloud/images/.debian-12.x...',
    'I: success in 31.2 seconds',
  ];
  expect(lines.map(stepOf).filter((step) => step !== undefined)).toEqual([
    'running apt-get update',
    'downloading packages with apt',
    'installing remaining packages inside the chroot',
  ]);
});

test('what Incus and the kernel say is read right', async () => {
  expect(mountsBelow('a /d/incus/x btrfs\nb /d/incus/x/y\\040z tmpfs\nc /d/incusx tmpfs\n', '/d/incus')).toEqual([
    '/d/incus/x/y z',
    '/d/incus/x',
  ]);
  const event = (action: string): string =>
    JSON.stringify({ type: 'lifecycle', metadata: { action, source: '/1.0/instances/i1-2?project=t' } });
  expect(instanceOf(event('instance-started'))).toBe('i1-2');
  expect(instanceOf(event('instance-exec'))).toBeUndefined();
  expect(instanceOf('{"type":"operation"}')).toBeUndefined();
  expect([
    kindOf(404, ''),
    kindOf(500, 'Instance is busy running a "start" operation'),
    kindOf(400, 'bad'),
    kindOf(500, 'x'),
  ]).toEqual(['not_found', 'unavailable', 'invalid', 'failed']);
  expect([defaultPoolGb(1e9), defaultPoolGb(100 * 1024 ** 3)]).toEqual([5, 75]);
  expect((await new ConsoleLogs().readNewest('/nonexistent', 100)).bytes).toHaveLength(0);
});
