import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformNames } from '../names.ts';
import { waitUntil } from '../processes.ts';
import { runCommand, runInNamespace } from '../run-command.ts';
import { findSlot } from '../slots.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { egressAddresses } from './addresses.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of the way out through the host: ${obstacle}`);

/** With the host's root namespace as the way out. All packets stay on this host: the far end is a namespace of the test's own. */
describe.skipIf(obstacle !== undefined)('the way out through the host', () => {
  let platform: TestPlatform;
  let forwarding = '';
  // Names and addresses of this run alone: another one, or what one that was killed has left, is not in the way.
  const mark = randomBytes(4).toString('hex');
  const far = `tctest-far-${mark}`;
  const link = `tcf${mark}`;
  const place = 4 * randomInt(64);
  const [near, farAddress] = [`203.0.113.${place + 1}`, `203.0.113.${place + 2}`];
  const ref = { tenantId: 'tenant', instanceId: 'one' };

  beforeAll(async () => {
    forwarding = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
    platform = await startTestPlatform({ egress: 'host' });
    await platform.network.ensure({ vpcId: 'vpc', cidr: '10.0.0.0/16', uplinkIndex: 0 });
    await platform.compute.define(ref, testSpec('one', { vpcId: 'vpc', host: 5 }));
    await platform.compute.start(ref);
    await runCommand('ip', ['netns', 'add', far]);
    await runCommand('ip', ['-batch', '-'], {
      input: `link add name ${link} type veth peer name near netns ${far}\naddr add ${near}/30 dev ${link}\nlink set dev ${link} up\n`,
    });
    await runCommand('ip', ['-n', far, '-batch', '-'], {
      input: `link set dev lo up\naddr add ${farAddress}/30 dev near\nlink set dev near up\nroute add default via ${near}\n`,
    });
  });
  afterAll(async () => {
    await runCommand('ip', ['link', 'delete', 'dev', link], { okCodes: [0, 1] });
    await runCommand('ip', ['netns', 'delete', far], { okCodes: [0, 1] });
    await platform?.close();
    await runCommand('sysctl', ['-q', '-w', `net.ipv4.ip_forward=${forwarding.trim()}`]);
  });

  test('leads to the far end, under the address of the host', async () => {
    // It answers with its connections, and so with the address it sees.
    const answer = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'busybox', 'netstat', '-tn'];
    const server = spawn('nsenter', [`--net=/run/netns/${far}`, '--', ...answer], { stdio: 'ignore' });
    try {
      let out = '';
      const answered = async (): Promise<boolean> => {
        out = (await sh(platform, ref, `nc -w 2 ${farAddress} 80`)).out;
        return out.includes(`${farAddress}:80`);
      };
      expect(await waitUntil(answered, 5_000, 100)).toBe(true);
      expect(out).toMatch(new RegExp(`${farAddress}:80\\s+\\S*${near}:`));
    } finally {
      server.kill('SIGKILL');
    }
  });

  test('leads to nothing of the host itself, on none of its addresses', async () => {
    const host = createServer((_, response) => response.end('the host')).listen(0, '0.0.0.0');
    await new Promise((resolve) => host.once('listening', resolve));
    const port = (host.address() as AddressInfo).port;
    try {
      const { stdout } = await runCommand('ip', ['-j', '-4', 'addr', 'show', 'scope', 'global']);
      const own = (JSON.parse(stdout) as { addr_info: { local: string }[] }[]).flatMap((link) =>
        link.addr_info.map((info) => info.local),
      );
      const slot = await findSlot(platformNames(platform.platformId).mark);
      expect(own).toContain(egressAddresses(slot ?? -1).host);
      expect(own).toContain(near);
      // The server does answer, so that what follows shows the firewall.
      expect(
        (
          await runCommand('busybox', ['nc', '-w', '1', near, String(port)], {
            input: 'GET / HTTP/1.0\r\n\r\n',
          })
        ).stdout,
      ).toContain('the host');
      const probe = async (address: string): Promise<void> => {
        const { out, code } = await sh(
          platform,
          ref,
          `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 ${address} ${port}`,
        );
        expect({ address, out, reached: code === 0 }).toEqual({ address, out: '', reached: false });
      };
      await Promise.all([...own, '127.0.0.1'].map(probe));
      expect((await sh(platform, ref, `ping -c 1 -W 1 ${near}`)).code).not.toBe(0);
    } finally {
      host.close();
    }
  });

  test('lets no one in, not even who knows the way', async () => {
    const slot = await findSlot(platformNames(platform.platformId).mark);
    const { edge } = egressAddresses(slot ?? -1);
    for (const address of [edge, '198.18.0.2', '10.0.0.5']) {
      const args = ['-c', '1', '-W', '1', address];
      expect((await runInNamespace(far, 'busybox', ['ping', ...args], { okCodes: [0, 1] })).code).toBe(1);
    }
  });

  test('comes back when its link or table was deleted', async () => {
    const names = platformNames(platform.platformId);
    await runCommand('ip', ['link', 'delete', 'dev', names.egressLink]);
    await runCommand('nft', ['delete', 'table', 'ip', names.egressTable]);
    await runCommand('ip', ['netns', 'delete', names.edgeNamespace]);
    await platform.network.ensure({ vpcId: 'vpc', cidr: '10.0.0.0/16', uplinkIndex: 0 });
    const reached = async (): Promise<boolean> => (await sh(platform, ref, `ping -c 1 -W 1 ${farAddress}`)).code === 0;
    expect(await waitUntil(reached, 5_000, 100)).toBe(true);
  });
});
