import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Client,
  createTenant,
  findEngineObstacle,
  type RunningPlatform,
  startPlatform,
} from '../../packages/testkit/src/platform-api.ts';
import { addTypes, createVpc, launch, sh, waitForStatus } from './instances.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, two platforms on one host: ${obstacle}`);

/** The second one with the way out through the host and its API on all addresses: what an instance could reach is there to be reached. */
describe.skipIf(obstacle !== undefined)('two platforms on one host', { timeout: 90_000 }, () => {
  let one: RunningPlatform;
  let two: RunningPlatform;
  let inOne: Client;
  let inTwo: Client;

  beforeAll(async () => {
    [one, two] = await Promise.all([
      startPlatform(),
      startPlatform({ listenHost: '0.0.0.0', env: { CLOUD_EGRESS: 'host' } }),
    ]);
    for (const platform of [one, two]) await addTypes(platform);
    inOne = await createTenant(one, 'one');
    inTwo = await createTenant(two, 'two');
  }, 120_000);

  afterAll(async () => {
    const closed = await Promise.allSettled([one, two].map((platform) => platform?.close()));
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }, 180_000);

  test('each has its own instances under the same names and addresses', async () => {
    for (const client of [inOne, inTwo]) await createVpc(client, 'net');
    const [first, second] = await Promise.all([inOne, inTwo].map((client) => launch(client, 'web', { vpc_id: 'net' })));
    expect(first.private_ip).toBe(second.private_ip);
    expect((await one.incus.machines()).map((machine) => machine.name)).toEqual([first.container_id]);
    expect((await two.incus.machines()).map((machine) => machine.name)).toEqual([second.container_id]);
    await sh(inOne, 'web', 'echo one > /root/which');
    expect((await sh(inTwo, 'web', 'cat /root/which')).code).not.toBe(0);
    expect((await inTwo.call('GET', `/instances/${first.id}`)).status).toBe(404);
    expect((await two.query('select id from instances')).length).toBe(1);
  });

  test('a key of one is no key of the other', async () => {
    const answer = await fetch(`${two.address}/auth/me`, { headers: { 'x-api-key': inOne.key } });
    expect(answer.status).toBe(401);
  });

  test('with the way out through the host, no port of the host is reached', async () => {
    const own = Object.values(networkInterfaces()).flatMap((links) => links ?? []);
    const addresses = own.filter((link) => link.family === 'IPv4' && !link.internal).map((link) => link.address);
    // The link to the platform's edge is one of them.
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) {
      expect((await fetch(`http://${address}:${two.apiPort}/health/live`)).status).toBe(200);
      expect((await fetch(`http://${address}:${two.apiPort}/metrics`)).status).toBe(403);
    }
    const probes = addresses.flatMap((to) => [two.apiPort, two.pgPort, one.apiPort].map((port) => `${to} ${port}`));
    const line = probes.map((probe) => `(nc -w 2 ${probe} </dev/null >/dev/null 2>&1 && echo "${probe}") &`).join('\n');
    expect(await sh(inTwo, 'web', `${line}\nwait`)).toMatchObject({ code: 0, out: '' });
  });

  test('one stops, the other goes on', async () => {
    await one.stop();
    expect((await sh(inTwo, 'web', 'ping -c 1 -W 2 10.0.0.1')).code).toBe(0);
    expect((await inTwo.ask('POST', '/instances/web/reboot?wait=30')).status).toBe('RUNNING');
    await one.start();
    await waitForStatus(one, inOne, 'web', 'RUNNING');
  });
});
