import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, TINY, type Use } from './instances.ts';

/** An instance gets what its type says and no more, and one that asks for more hurts itself only. */
export function describeLimits(use: Use): void {
  describe('limits', () => {
    let client: Client;
    beforeAll(async () => {
      client = await createTenant(use(), 'limits');
      await createVpc(client, 'net');
      await launch(client, 'greedy', { vpc_id: 'net' });
      await launch(client, 'neighbour', { vpc_id: 'net' });
    }, 90_000);
    afterAll(() => deleteAll(use(), client), 120_000);

    const expectWell = async (): Promise<void> => {
      const begun = performance.now();
      expect((await sh(client, 'neighbour', 'echo well')).out).toBe('well\n');
      expect((await fetch(`${use().address}/health`)).status).toBe(200);
      expect((await client.ask('GET', '/instances')).length).toBe(2);
      expect(performance.now() - begun).toBeLessThan(5_000);
    };

    test('memory: who takes more is killed, the instance lives on', async () => {
      const seen = await sh(
        client,
        'greedy',
        `head -c ${64 * 1024 * 1024} /dev/zero | tail -c ${64 * 1024 * 1024} | wc -c`,
      );
      expect(seen.out.trim()).toBe(String(64 * 1024 * 1024));
      const greedy = await sh(
        client,
        'greedy',
        `head -c 400000000 /dev/zero | tail -c 400000000 | wc -c; echo after`,
        60,
      );
      expect(greedy.out).toContain('after');
      expect(greedy.out).not.toContain('400000000');
      expect((await client.ask('GET', '/instances/greedy')).status).toBe('RUNNING');
      await expectWell();
    });

    test('processes: a fork bomb fills its own instance', async () => {
      const bomb = sh(client, 'greedy', 'bomb() { bomb | bomb & }; bomb; sleep 6', 8);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await expectWell();
      await expectWell();
      await bomb.catch(() => undefined);
      const stopped = await client.ask('POST', '/instances/greedy/reboot?wait=45');
      expect(stopped.status).toBe('RUNNING');
      const count = await sh(
        client,
        'greedy',
        'i=0; while [ $i -lt 200 ]; do sleep 4 & i=$((i+1)); done 2>/dev/null; ls -d /proc/[0-9]* | wc -l',
      );
      // A shell that may not fork ends; what ran by then is bounded either way.
      if (count.out.trim() !== '') expect(Number(count.out)).toBeLessThanOrEqual(TINY.processes);
      else expect(count.code).not.toBe(0);
    });

    test('processor: one vCPU is one, with however many threads', async () => {
      const spin = 'timeout 3 sh -c "while :; do :; done" &';
      const ran = await sh(client, 'neighbour', `${spin} ${spin} ${spin} wait; times`);
      const [, children = ''] = ran.out.trim().split('\n').slice(-2);
      const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
        (sum, [, m, s]) => sum + Number(m) * 60 + Number(s),
        0,
      );
      expect(seconds).toBeLessThan(3 * TINY.vcpus * 1.25);
      expect(seconds).toBeGreaterThan(0.5);
    });

    test('disk: a full one says so, starts again, and has room once its owner deletes files', async () => {
      const some = await sh(client, 'greedy', 'dd if=/dev/zero of=/root/some bs=1M count=200 2>&1; echo $?; sync', 60);
      expect(some.out.trim().endsWith('0')).toBe(true);
      const full = await sh(client, 'greedy', 'dd if=/dev/zero of=/root/full bs=1M count=1200; sync', 120);
      expect(full.err).toMatch(/No space left|quota exceeded/i);
      expect((await client.ask('POST', '/instances/greedy/reboot?wait=45')).status).toBe('RUNNING');
      await sh(client, 'greedy', 'rm -f /root/full /root/some; sync');
      expect((await sh(client, 'greedy', 'echo again > /root/file && cat /root/file')).out).toBe('again\n');
    });

    test('network: both directions are held near the rate of the type', async () => {
      const bytes = 30_000_000;
      await sh(
        client,
        'greedy',
        `mkdir -p /var/www; dd if=/dev/zero of=/var/www/big bs=1000000 count=30; httpd -h /var/www -p 80`,
      );
      const begun = performance.now();
      const got = await sh(client, 'neighbour', 'wget -q -O - http://greedy/big | wc -c', 60);
      const mbps = (bytes * 8) / 1e6 / ((performance.now() - begun) / 1000);
      expect(got.out.trim()).toBe(String(bytes));
      expect(mbps).toBeLessThan(TINY.network_mbps * 1.25);
      expect(mbps).toBeGreaterThan(TINY.network_mbps * 0.3);
    });
  });
}
