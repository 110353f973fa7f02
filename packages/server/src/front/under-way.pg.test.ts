import { connect, type Socket } from 'node:net';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { insertInstance } from '../services/instances/examples.ts';
import { insertVpc } from '../services/vpcs/examples.ts';
import { makeAwsKey, stsClient } from '../testing/aws-clients.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { eventually } from '../testing/seed.ts';
import { setUpApi } from '../testing/set-up-api.ts';
import type { Actor } from '../testing/test-api.ts';

/** More than the kernel's buffers of a connection on loopback take. */
const BYTES = 12_000_000;

const clock = createManualClock(Date.now());
const { api, owner } = await setUpApi({
  clock,
  // Nobody waits for a share of the processor, however slow the machine is.
  busyMs: () => 0,
  live: {
    'instances.exec': async () => {
      return { exit_code: 0, stdout: 'x'.repeat(BYTES), stderr: '', truncated: false, timed_out: false };
    },
  },
});
const id = await insertInstance(api.worldOf(owner));

/** Runs a command, and reads no byte of its answer until told to. */
function execUnread(key = owner.key): { socket: Socket; readOn: () => Promise<number> } {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  const body = JSON.stringify({ command: ['true'] });
  socket.on('error', () => undefined);
  socket.write(
    `POST /instances/${id}/exec HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${key}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const readOn = () =>
    new Promise<number>((resolve) => {
      let bytes = 0;
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      socket.once('close', () => resolve(bytes));
    });
  return { socket, readOn };
}

/** Hundreds of requests and 16 answers of a MiB take a second or three, and ten times that beside other test runs. */
const BUSY_MS = 30_000;

const exec = (actor: Actor = owner) => api.call('instances.exec', { id, command: ['true'] }, actor);
const answersOnTheWay = async () =>
  Number(/thecloud_http_answers_on_the_way (\d+)/.exec(await api.metrics.prometheus.metrics())?.[1]);

describe('an answer that is not taken', () => {
  it('costs the client its connection, though not before its size could have come over a slow line', async () => {
    const slow = execUnread();
    const never = execUnread();
    await eventually('both answers are written', async () => (await answersOnTheWay()) === 2);
    await clock.advance(60_000 + (BYTES / 32_768) * 1000 - 1_000);
    expect(await slow.readOn()).toBeGreaterThan(BYTES);
    await eventually('the deadline of what was taken is gone', async () => (await answersOnTheWay()) === 1);
    await clock.advance(10_000);
    // Whose time is over is found by the next look.
    await clock.advance(1_000);
    expect(await never.readOn()).toBeLessThan(BYTES);
  });

  it('leaves no deadline behind when it is taken', async () => {
    for (let i = 0; i < 3; i++) expect((await api.call('auth.me', {}, owner)).status).toBe(200);
    expect((await exec()).status).toBe(200);
    await eventually('no deadline is left', async () => (await answersOnTheWay()) === 0);
  });

  it('holds one of the places that its tenant has for commands', { timeout: 60_000 }, async () => {
    const unread = Array.from({ length: 16 }, () => execUnread());
    await eventually('all are answered', async () => (await answersOnTheWay()) >= 16, BUSY_MS);
    const refused = await exec();
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '5' } });
    for (const one of unread) one.socket.destroy();
    await eventually('the places are free again', async () => (await exec()).status === 200, BUSY_MS);
  });
});

describe('requests under way', () => {
  it('are at most 400 of one key; another key is served, and so is this one when the connection has gone', {
    timeout: 90_000,
  }, async () => {
    const others = await Promise.all([1, 2, 3].map(() => api.makeActor()));
    const [other] = others as [Actor];
    const aws = await makeAwsKey(api, await api.makeActor());
    const busy = { ...aws.actor, key: aws.key };
    await api.owner.query('update api_keys set all_tenants = true where user_id = $1', [busy.userId]);
    // In four tenants, for of one no more than 100 would be held.
    for (const { tenantId } of others)
      await api.owner.query(`insert into memberships (tenant_id, user_id, role) values ($1, $2, 'owner')`, [
        tenantId,
        busy.userId,
      ]);
    const waits = await Promise.all(
      [busy, ...others].map(async ({ tenantId, ...rest }) => {
        const vpc = await insertVpc(api.worldOf({ tenantId, ...rest }));
        await api.owner.query(`update vpcs set status = 'pending' where id = $1`, [vpc]);
        return `GET /vpcs/${vpc}?wait=60 HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${busy.key}\r\nX-Tenant-ID: ${tenantId}\r\n\r\n`;
      }),
    );
    // A connection has one request in progress at a time.
    const open = (wait: string) => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1').on('error', () => undefined);
      socket.write(wait);
      return socket;
    };
    const gets = () => api.countOf('vpcs.get');
    const me = (actor: Actor) => api.call('auth.me', {}, actor);
    const sockets = waits.flatMap((wait, index) => Array.from({ length: index === 0 ? 99 : 100 }, () => open(wait)));
    await eventually('they are under way', async () => (await gets()) >= 399, BUSY_MS);
    expect((await me(busy)).status).toBe(200);
    sockets.push(open(waits[0]!));
    await eventually('so is one more', async () => (await me(busy)).status === 429, BUSY_MS);
    expect(await me(busy)).toMatchObject({ status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '1' } });
    expect((await me(other)).status).toBe(200);
    // Counted at both doors together.
    await expect(stsClient(api, aws).send(new GetCallerIdentityCommand())).rejects.toMatchObject({
      name: 'Throttling',
      message: expect.stringContaining('in progress'),
    });
    for (const socket of sockets) socket.destroy();
    await eventually('its places are free', async () => (await me(busy)).status === 200, BUSY_MS);
    const all = Array.from({ length: 50 }, () => me(busy));
    expect(new Set((await Promise.all(all)).map((answer) => answer.status))).toEqual(new Set([200]));
  });
});
