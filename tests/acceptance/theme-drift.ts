import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant, type Machine, waitFor } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, tiny, type Use, waitUntilGone } from './instances.ts';

/** What happens behind the platform's back is undone without anybody asking. */
export function describeDrift(use: Use): void {
  describe('drift', () => {
    let client: Client;
    let instance: any;
    beforeAll(async () => {
      client = await createTenant(use(), 'drift');
      await createVpc(client, 'net');
      instance = await launch(client, 'wanted', { vpc_id: 'net' });
    }, 90_000);
    afterAll(() => deleteAll(use(), client), 90_000);

    const machine = async (): Promise<Machine> => (await use().incus.machineOf(instance.id))!;

    /** Runs again with another first process, and says so. */
    async function expectBack(before: number): Promise<void> {
      await waitFor(
        'the machine to run again',
        async (saw) => {
          const found = await use().incus.machineOf(instance.id);
          const init = found ? await use().incus.initOf(found) : 0;
          saw({ status: found?.status, init, before });
          return init > 0 && init !== before;
        },
        { explain: use().explain },
      );
      // As after ten minutes of running: the next end is a first one again.
      await use().query('update instances set crashes = 0 where id = $1', [instance.id]);
      const shown = await client.ask('GET', '/instances/wanted?wait=20');
      expect(shown).toMatchObject({ status: 'RUNNING', private_ip: instance.private_ip, version: instance.version });
      expect((await sh(client, 'wanted', 'ping -c 1 -W 2 10.0.0.1')).code).toBe(0);
    }

    test('its first process killed', async () => {
      await sh(client, 'wanted', 'echo kept > /root/file');
      const before = await use().incus.initOf(await machine());
      process.kill(before, 'SIGKILL');
      await expectBack(before);
      expect((await sh(client, 'wanted', 'cat /root/file')).out).toBe('kept\n');
    });

    test('stopped in Incus', async () => {
      const found = await machine();
      const before = await use().incus.initOf(found);
      await use().incus.stop(found);
      await expectBack(before);
    });

    test('removed in Incus: made again, empty, and the loss is an event', async () => {
      const found = await machine();
      const before = await use().incus.initOf(found);
      await use().incus.stop(found);
      // The platform may be faster and start it again in between.
      await waitFor('Incus to remove it', async () => {
        const seen = await machine();
        if (seen?.status === 'Running') await use().incus.stop(seen);
        await use().incus.remove(found);
        return true;
      });
      await expectBack(before);
      expect((await sh(client, 'wanted', 'ls /root')).out).toBe('');
      const events = await use().query('select event_type from events where resource_id = $1', [instance.id]);
      expect(events).toContainEqual({ event_type: 'INSTANCE_LOST' });
    });

    test('a stopped one that is started behind our back is stopped', async () => {
      await client.ask('POST', '/instances/wanted/stop?wait=30');
      const found = await machine();
      await use().incus.start(found);
      await waitFor(
        'the machine to be stopped again',
        async (saw) => {
          const { status } = await machine();
          saw(status);
          return status === 'Stopped';
        },
        { explain: use().explain },
      );
      expect((await client.ask('GET', '/instances/wanted')).status).toBe('STOPPED');
    });

    test('one whose command ends at once rests between its starts, and says so', async () => {
      const { id } = await client.ask('POST', '/instances', tiny('ends', { cmd: ['sh', '-c', 'echo once; exit 3'] }));
      await waitFor(
        'the reason to be told',
        async (saw) => {
          const { status, status_reason: reason } = await client.ask('GET', '/instances/ends');
          saw({ status, reason });
          return status === 'ERROR' && /^the command ended with exit code 3 .* it restarts at /.test(reason ?? '');
        },
        { explain: use().explain, stepMs: 50 },
      );
      const [before] = await use().query<{ nudges: string }>('select nudges from reconcile where id = $1', [id]);
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      const [after] = await use().query<{ nudges: string }>('select nudges from reconcile where id = $1', [id]);
      expect(Number(after!.nudges) - Number(before!.nudges)).toBeLessThan(6);
      expect(await client.ask('GET', '/instances/ends')).toMatchObject({ restart_count: 1, last_exit: { code: 3 } });
      expect((await client.call('GET', '/instances/ends/logs')).text).toContain('thecloud: the command ended with 3');
      await client.ask('DELETE', '/instances/ends');
      await waitUntilGone(use(), client, `/instances/${id}`);
    });
  });
}
