import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachTestInternet, type Client, createTenant, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, type Use } from './instances.ts';

const get = (host: string): string => `timeout 4 wget -q -O - http://${host}/ 2>&1`;
const serve = (word: string): string =>
  `mkdir -p /var/www && echo ${word} > /var/www/index.html && httpd -h /var/www -p 80`;

/** Real packets: two tenants with the same CIDR and the same addresses side by side, and a second VPC of the first. */
export function describeIsolation(use: Use): void {
  describe('isolation', () => {
    let red: Client;
    let blue: Client;
    let internet: Awaited<ReturnType<typeof attachTestInternet>>;
    let web: ChildProcess;
    let host: Server;

    beforeAll(async () => {
      red = await createTenant(use(), 'red');
      blue = await createTenant(use(), 'blue');
      await createVpc(red, 'net');
      await createVpc(blue, 'net');
      await createVpc(red, 'second', { cidr_block: '10.77.0.0/24' });
      for (const [client, name, vpc] of [
        [red, 'one', 'net'],
        [red, 'two', 'net'],
        [red, 'apart', 'second'],
        [blue, 'one', 'net'],
        [blue, 'blue-only', 'net'],
      ] as const) {
        await launch(client, name, { vpc_id: vpc });
        expect((await sh(client, name, serve(`${client === red ? 'red' : 'blue'} ${name}`))).code).toBe(0);
      }
      internet = await attachTestInternet(use().platformId());
      web = spawn(
        'nsenter',
        [
          `--net=/run/netns/${internet.namespace}`,
          '--',
          'busybox',
          'nc',
          '-ll',
          '-p',
          '80',
          '-e',
          'busybox',
          'echo',
          'the internet',
        ],
        { stdio: 'ignore' },
      );
      host = createServer((_, response) => response.end('the host')).listen(0, '0.0.0.0');
      await new Promise((resolve) => host.once('listening', resolve));
    }, 120_000);

    afterAll(async () => {
      host?.close();
      web?.kill('SIGKILL');
      await internet?.detach();
      await deleteAll(use(), red);
      await deleteAll(use(), blue);
    }, 120_000);

    test('the same addresses are other instances in another tenant', async () => {
      for (const client of [red, blue]) {
        const addresses = ((await client.ask('GET', '/instances')) as any[]).map((one) => one.private_ip);
        expect(addresses).toEqual(expect.arrayContaining(['10.0.0.2', '10.0.0.3']));
      }
      expect((await sh(red, 'two', get('10.0.0.2'))).out).toBe('red one\n');
      expect((await sh(blue, 'blue-only', get('10.0.0.2'))).out).toBe('blue one\n');
    });

    test('inside a VPC they reach each other by address and by name', async () => {
      expect((await sh(red, 'one', 'ping -c 2 -W 2 10.0.0.3')).code).toBe(0);
      expect((await sh(red, 'one', 'ping -c 1 -W 2 10.0.0.1')).code).toBe(0);
      expect((await sh(red, 'one', get('two'))).out).toBe('red two\n');
      expect((await sh(red, 'one', get('two.internal'))).out).toBe('red two\n');
      expect((await sh(blue, 'blue-only', get('one'))).out).toBe('blue one\n');
    });

    test('a host name is that of one instance, inside and in DNS, and of the next one once it is deleted', async () => {
      const first = await launch(red, 'Büro_1', { vpc_id: 'net' });
      expect(first).toMatchObject({ hostname: 'buro-1', dns_name: 'buro-1.internal' });
      expect((await sh(red, first.id, 'hostname')).out).toBe('buro-1\n');
      const resolve = async () => (await sh(red, 'one', `nslookup ${first.dns_name}`)).out;
      expect(await resolve()).toContain(first.private_ip);
      const same = await red.call('POST', '/instances', { name: 'buro-1', image: 'busybox', vpc_id: 'net' });
      expect(same).toMatchObject({
        status: 409,
        message: expect.stringContaining("'Büro_1' already has in the VPC 'net'"),
      });
      await red.ask('DELETE', `/instances/${first.id}`);
      const second = await launch(red, 'buro-1', { vpc_id: 'net' });
      const answer = await resolve();
      expect(answer).toContain(second.private_ip);
      expect(answer).not.toContain(first.private_ip);
      await red.ask('DELETE', `/instances/${second.id}`);
    });

    test('a name of another VPC is no name here', async () => {
      expect((await sh(blue, 'one', 'nslookup blue-only.internal')).code).toBe(0);
      for (const [client, name, other] of [
        [red, 'one', 'blue-only'],
        [red, 'one', 'apart'],
        [blue, 'one', 'two'],
      ] as const)
        expect({ other, code: (await sh(client, name, `nslookup ${other}.internal`)).code }).not.toEqual({
          other,
          code: 0,
        });
    });

    test('no packet crosses from one VPC to another, also not of one tenant', async () => {
      expect((await sh(red, 'apart', get('10.77.0.2'))).out).toBe('red apart\n');
      for (const [client, name, to] of [
        [red, 'one', '10.77.0.2'],
        [red, 'one', '10.77.0.1'],
        [red, 'apart', '10.0.0.2'],
        [blue, 'one', '10.77.0.2'],
      ] as const) {
        const ran = await sh(client, name, `ping -c 1 -W 1 ${to} || nc -w 1 ${to} 80 < /dev/null`);
        expect({ from: name, to, reached: ran.code === 0 }).toEqual({ from: name, to, reached: false });
      }
    });

    test('nothing of the host or the platform is reached: its addresses, its ports, the gateway beyond names and ping', async () => {
      const { port } = host.address() as AddressInfo;
      const own = Object.values(networkInterfaces()).flatMap((links) => links ?? []);
      const addresses = own.filter((link) => link.family === 'IPv4').map((link) => link.address);
      expect(addresses).toContain('127.0.0.1');
      // It listens, so that what follows proves a wall and not an absence.
      for (const address of addresses)
        expect(await (await fetch(`http://${address}:${port}/`)).text()).toBe('the host');
      const outside = addresses.filter((address) => !address.startsWith('127.'));
      const targets = [...outside, '10.0.0.1', '198.18.0.1', '198.18.0.2', '203.0.113.2', '169.254.169.254'];
      const probes = targets.flatMap((to) => [port, use().apiPort, use().pgPort].map((toPort) => `${to} ${toPort}`));
      const line = probes
        .map((probe) => `(nc -w 1 ${probe} </dev/null >/dev/null 2>&1 && echo "${probe}") &`)
        .join('\n');
      expect(await sh(red, 'one', `${line}\nwait`)).toMatchObject({ code: 0, out: '' });
      expect((await sh(red, 'one', 'nc -w 2 10.0.0.1 53 </dev/null')).code).toBe(0);
      for (const closed of [22, 80, 443])
        expect((await sh(red, 'one', `nc -w 1 10.0.0.1 ${closed} </dev/null`)).code).not.toBe(0);
    });

    test('a false source address is dropped', async () => {
      const as = (address: string, to: string): string =>
        `ip addr add ${address} dev eth0; ping -c 2 -W 1 -I ${address.split('/')[0]} ${to}; code=$?; ip addr del ${address} dev eth0; exit $code`;
      expect((await sh(red, 'one', 'ping -c 1 -W 2 10.0.0.3')).code).toBe(0);
      // A tenant may not even take one. As root of the host, in the network of its instance:
      const { incus } = use();
      const one = await red.ask('GET', '/instances/one');
      const pid = String(await incus.initOf((await incus.machineOf(one.id))!));
      const forge = (line: string): Promise<number> =>
        new Promise((resolve) => {
          execFile('nsenter', ['-t', pid, '-n', 'busybox', 'sh', '-c', line], (error) =>
            resolve(Number(error?.code ?? 0)),
          );
        });
      expect(await forge('ping -c 1 -W 2 10.0.0.3')).toBe(0);
      for (const line of [as('10.0.0.99/16', '10.0.0.3'), as('192.0.2.9/32', '203.0.113.1')]) {
        expect((await sh(red, 'one', line)).err).toContain('not permitted');
        expect(await forge(line)).toBe(1);
      }
      expect((await sh(red, 'one', 'ping -c 1 -W 2 10.0.0.3')).code).toBe(0);
    });

    test('both tenants reach out through NAT, and nobody reaches in', async () => {
      await waitFor(
        'the internet to answer',
        async (saw) => {
          const ran = await sh(red, 'one', 'nc -w 2 203.0.113.1 80');
          saw(ran);
          return ran.out === 'the internet\n';
        },
        { deadlineMs: 10_000, explain: use().explain },
      );
      expect((await sh(blue, 'one', 'nc -w 2 203.0.113.1 80')).out).toBe('the internet\n');
    });
  });
}
