import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, type Use } from './instances.ts';

/** However the whole platform ends, its next start brings back what was wanted. */
export function describeRestart(use: Use): void {
  describe('restart', () => {
    let client: Client;
    let before: any[];
    beforeAll(async () => {
      client = await createTenant(use(), 'restart');
      await createVpc(client, 'net');
      await launch(client, 'up-one', { vpc_id: 'net', env: ['WHO=me'] });
      await launch(client, 'up-two', { vpc_id: 'net' });
      await launch(client, 'down', { vpc_id: 'net' });
      await client.ask('POST', '/instances/down/stop?wait=30');
      await sh(client, 'up-one', 'echo kept > /root/file; sync');
      before = await client.ask('GET', '/instances');
    }, 90_000);
    afterAll(() => deleteAll(use(), client), 90_000);

    async function expectAllBack(): Promise<void> {
      await waitFor(
        'both machines to run, and the third not',
        async (saw) => {
          const machines = await Promise.all(before.map((one) => use().incus.machineOf(one.id)));
          const states = before.map((one, index) => `${one.name} ${machines[index]?.status}`).sort();
          saw(states);
          return states.join() === 'down Stopped,up-one Running,up-two Running';
        },
        { deadlineMs: 45_000, explain: use().explain },
      );
      await waitFor(
        'the same rows as before',
        async (saw) => {
          const now = (await client.ask('GET', '/instances')) as any[];
          saw(now);
          const shown = (one: any): unknown => [one.id, one.name, one.status, one.private_ip, one.version];
          return JSON.stringify(now.map(shown)) === JSON.stringify(before.map(shown));
        },
        { explain: use().explain },
      );
      expect(
        (await sh(client, 'up-one', 'cat /root/file; echo $WHO; ping -c 1 -W 2 up-two >/dev/null; echo $?')).out,
      ).toBe('kept\nme\n0\n');
    }

    test('stopped in order: nothing stays on the host, a second start takes ten seconds at most', async () => {
      await use().stop();
      expect(await use().start()).toBeLessThan(10_000);
      await expectAllBack();
    });

    test('every process killed at once', async () => {
      await use().killAll();
      await use().start();
      await expectAllBack();
    });

    test('the supervisor alone killed', async () => {
      await use().kill('supervisor');
      await use().start();
      await expectAllBack();
    });

    test('a power cut: nothing is left but the disk', async () => {
      await use().cutPower();
      await use().start();
      await expectAllBack();
    });
  });
}
