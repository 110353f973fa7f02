import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, sh, type Use } from './instances.ts';

/** A build from the distribution's packages: a minute, with a package mirror near. */
const BUILD_MS = 6 * 60_000;

export function describeDebian(use: Use): void {
  describe('debian/12', () => {
    let client: Client;
    beforeAll(async () => {
      client = await createTenant(use(), 'debian');
      await createVpc(client, 'net');
    });
    afterAll(() => deleteAll(use(), client), 90_000);

    test(
      'waits in STARTING and says for what, then is Debian',
      async () => {
        const env = ['GREETING=hello', 'LD_PRELOAD=/nowhere.so'];
        const body = { name: 'deb', image: 'debian/12', instance_type: 'basic-1', vpc_id: 'net', env };
        expect((await client.ask('POST', '/instances', body)).status).toBe('STARTING');
        const reasons = new Set<string>();
        await waitFor(
          'the image to be built and the instance to run',
          async (saw) => {
            const instance = await client.ask('GET', '/instances/deb?wait=1');
            saw(instance);
            if (instance.status === 'STARTING' && instance.status_reason) reasons.add(instance.status_reason);
            if (instance.status === 'ERROR') throw new Error(instance.status_reason);
            return instance.status === 'RUNNING';
          },
          { deadlineMs: BUILD_MS, explain: use().explain },
        );
        expect([...reasons].join('\n')).toContain("waiting for the image 'debian/12'");
        expect((await sh(client, 'deb', 'cat /etc/os-release')).out).toContain('VERSION_ID="12"');
        await waitFor(
          'systemd to be up',
          async (saw) => {
            const state = (await sh(client, 'deb', 'systemctl is-system-running')).out.trim();
            saw(state);
            return state === 'running';
          },
          { explain: use().explain },
        );
        expect((await sh(client, 'deb', 'ping -c 1 -W 2 10.0.0.1 >/dev/null; echo $?; hostname')).out).toBe('0\ndeb\n');
        // A subvolume made inside would have no limit of its own: BTRFS_IOC_SUBVOL_CREATE.
        const escape = `open my $d, "<", "/root"; my $a = pack "q a4088", 0, "sub"; print ioctl($d, 0x5000940e, $a) ? "made" : "$!"`;
        expect((await sh(client, 'deb', `perl -e '${escape}'`)).out).toBe('Operation not permitted');
        expect((await sh(client, 'deb', 'echo $GREETING')).out).toBe('hello\n');
        // With a full disk too: as much as there is at once, then the rest.
        const fill = 'for n in 1000 100 10 1; do while fallocate -l ${n}M /full$((i=i+1)); do :; done; done; sync';
        expect((await sh(client, 'deb', fill, 60)).err).toMatch(/quota exceeded/i);
        expect((await client.ask('POST', '/instances/deb/reboot?wait=60')).status).toBe('RUNNING');
        expect((await sh(client, 'deb', 'rm /full* && echo again > /file && cat /file')).out).toBe('again\n');
      },
      BUILD_MS + 120_000,
    );

    test('shows its own memory, processors and uptime', async () => {
      const type = (await client.ask('GET', '/instance-types')).find((one: { id: string }) => one.id === 'basic-1');
      const [memory, processors, uptime] = await Promise.all(
        ['free -m | awk "/^Mem/ { print \\$2 }"', 'nproc', 'cut -d. -f1 /proc/uptime; uptime'].map(
          async (line) => (await sh(client, 'deb', line)).out,
        ),
      );
      expect([Number(memory), Number(processors)]).toEqual([type.memory_mb, type.vcpus]);
      expect(Number.parseInt(uptime!, 10)).toBeLessThan(300);
      expect(uptime).toMatch(/up \d min/);
    });

    test('ends a command with all that it started, daemons too, when its time is up', async () => {
      const family =
        'sleep 4321 & (setsid nohup sleep 4321 &) ; su -c "sleep 4321 & sleep 4321" nobody -s /bin/sh & sleep 4321';
      expect(await sh(client, 'deb', family, 2)).toMatchObject({ timedOut: true });
      expect((await sh(client, 'deb', 'pgrep -fc "^sleep 4321"')).out).toBe('0\n');
    });
  });
}
