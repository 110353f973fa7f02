import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, deleteAll, launch, sh, type Use, waitUntilGone } from './instances.ts';

/** All that a /28 has room for: 16 without network, gateway and broadcast. */
const ROOM = 13;
/** How many go and come again: each gets an address that another had. */
const CHANGED = 4;

/** Real packets in a VPC that is full: every address is used, and used again. */
export function describeAddresses(use: Use): void {
  describe('addresses', () => {
    let client: Client;

    beforeAll(async () => {
      client = await createTenant(use(), 'addresses');
      await createVpc(client, 'small', { cidr_block: '10.9.0.16/28' });
    }, 60_000);
    afterAll(() => deleteAll(use(), client), 120_000);

    test('a new instance on a used address is reached by its neighbours and the router within a second', async () => {
      const made: { id: string; private_ip: string }[] = [];
      for (let number = 0; number < ROOM; number++)
        made.push(await launch(client, `first-${number}`, { vpc_id: 'small' }));
      const refused = await client.call('POST', '/instances', { name: 'more', image: 'busybox', vpc_id: 'small' });
      const full = expect.stringContaining("the VPC 'small' has no free address left; delete something in it");
      expect(refused).toMatchObject({ status: 409, message: full });

      // The router and the neighbour have talked to each of them just before it goes.
      const [neighbour] = made;
      const gone = made.slice(-CHANGED);
      for (const { private_ip: address } of gone)
        expect((await sh(client, neighbour!.id, `ping -c 1 -W 1 ${address}`)).code).toBe(0);
      for (const { id } of gone) await client.ask('DELETE', `/instances/${id}`);
      for (const { id } of gone) await waitUntilGone(use(), client, `/instances/${id}`);

      const fresh: { id: string; private_ip: string }[] = [];
      for (let number = 0; number < CHANGED; number++) {
        const one = await launch(client, `second-${number}`, { vpc_id: 'small' });
        fresh.push(one);
        // -W counts from the last packet: the first one must be answered within a second.
        const reached = await sh(client, neighbour!.id, `ping -c 1 -W 1 ${one.private_ip}`);
        expect(reached, `from a neighbour to ${one.private_ip}`).toMatchObject({ code: 0 });
        for (const address of [neighbour!.private_ip, '10.9.0.17']) {
          const reaching = await sh(client, one.id, `ping -c 1 -W 1 ${address}`);
          expect(reaching, `from ${one.private_ip} to ${address}`).toMatchObject({ code: 0 });
        }
      }
      // The one that was given back first is used first.
      expect(new Set(fresh.map((one) => one.private_ip))).toEqual(new Set(gone.map((one) => one.private_ip)));
    });
  });
}
