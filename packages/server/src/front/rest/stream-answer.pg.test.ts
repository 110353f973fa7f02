import { connect } from 'node:net';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { insertInstance } from '../../services/instances/examples.ts';
import { heldBytes } from '../../testing/held-bytes.ts';
import { memberWith, revoke, runMachine } from '../../testing/machines.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import type { Actor } from '../../testing/test-api.ts';

const { api, owner, engine } = await setUpApi();

/** Follows a log; `ended` says whether it came to its end or was cut off. */
async function follow(id: string, actor: Pick<Actor, 'key'>, url = api.url) {
  const leaving = new AbortController();
  const answered = await request(`${url}/instances/${id}/logs?follow=true`, {
    headers: { 'x-api-key': actor.key },
    signal: leaving.signal,
  });
  let text = '';
  const ended = (async () => {
    try {
      for await (const chunk of answered.body) text += String(chunk);
      return 'its end';
    } catch {
      return 'cut off';
    }
  })();
  return {
    ...answered,
    text: () => text,
    ended,
    leave: () => leaving.abort(new Error('the client leaves')),
    says: (word: string, ms = 1_000) => eventually(`'${word}' is said`, () => text.includes(word), ms),
  };
}
const isQuiet = (ms = 1_000) => eventually('nobody follows any more', () => engine.open() === 0, ms);

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(ms);
  return result;
}

describe('a log that is followed', () => {
  it('gives what was written, then what comes, over a restart, until the machine is gone', async () => {
    const id = await runMachine(api, engine, owner);
    const log = await follow(id, owner);
    expect(log.statusCode).toBe(200);
    expect(log.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'transfer-encoding': 'chunked',
      'cache-control': 'no-store',
      'x-request-id': expect.any(String),
    });
    await log.says('web starts');
    engine.say(id, 'a line\n');
    await log.says('a line');
    engine.meddle(id, 'stopped');
    await engine.start({ tenantId: owner.tenantId, instanceId: id });
    engine.say(id, 'once more\n');
    await log.says('once more');
    engine.meddle(id, undefined);
    expect(await within(1_000, log.ended)).toBe('its end');
    expect(log.text()).toBe('web starts\na line\nweb starts\nonce more\n');
  });

  it('is let go of when the client leaves', async () => {
    const log = await follow(await runMachine(api, engine, owner), owner);
    await log.says('web starts');
    expect(engine.open()).toBe(1);
    log.leave();
    await isQuiet();
  });

  it('is cut off within a second after the key was revoked, and for nobody else', async () => {
    const id = await runMachine(api, engine, owner);
    const other = await api.makeMember(owner.tenantId, 'user');
    const [lost, kept] = await Promise.all([follow(id, other), follow(id, owner)]);
    await Promise.all([lost.says('web starts'), kept.says('web starts')]);
    await revoke(api, other);
    expect(await within(1_000, lost.ended)).toBe('cut off');
    engine.say(id, 'still here\n');
    await kept.says('still here');
    kept.leave();
    await isQuiet();
  });

  it('is cut off when the permission was taken away', async () => {
    const member = await memberWith(api, owner, ['log:read']);
    const log = await follow(await runMachine(api, engine, owner), member);
    await log.says('web starts');
    await member.takeAway();
    expect(await within(1_000, log.ended)).toBe('cut off');
    await isQuiet();
  });

  it('waits for a machine that is not made yet', async () => {
    const id = await insertInstance(api.worldOf(owner));
    const log = await follow(id, owner);
    expect(log.statusCode).toBe(200);
    await engine.define({ tenantId: owner.tenantId, instanceId: id }, { hostname: 'late' } as never);
    await engine.start({ tenantId: owner.tenantId, instanceId: id });
    await log.says('late starts', 2_000);
    log.leave();
    await isQuiet();
  });

  it('is refused to other tenants, and without the permission', async () => {
    const id = await runMachine(api, engine, owner);
    expect((await follow(id, await api.makeActor())).statusCode).toBe(404);
    expect((await follow(id, await memberWith(api, owner, []))).statusCode).toBe(403);
    expect((await follow(id, { key: 'none' })).statusCode).toBe(401);
  });

  it('is followed by sixteen of a tenant at a time', async () => {
    const id = await runMachine(api, engine, owner);
    const logs = await Promise.all(Array.from({ length: 16 }, () => follow(id, owner)));
    const refused = await api.call('instances.logs', { id }, owner);
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '5' } });
    const other = await api.makeActor();
    const elsewhere = await follow(await runMachine(api, engine, other), other);
    expect(elsewhere.statusCode).toBe(200);
    for (const log of [...logs, elsewhere]) log.leave();
    await isQuiet();
    await eventually('there is room again', async () => {
      return (await api.call('instances.logs', { id }, owner)).status === 200;
    });
  });

  it('has headers of its own for HEAD', async () => {
    const id = await runMachine(api, engine, owner);
    const answer = await api.send('HEAD', `/instances/${id}/logs?follow=true`, { key: owner.key });
    expect([answer.status, answer.text]).toEqual([200, '']);
    await isQuiet();
  });
});

describe('a stream', () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let poured = 0;
  const clock = createManualClock(Date.now());

  it('does not run ahead of its client, who loses it when nothing is taken for a minute', async () => {
    const { api: slow, owner: whose } = await setUpApi({
      clock,
      live: {
        'instances.logs': {
          stream: async () =>
            (async function* pour() {
              for (;;) {
                yield chunk;
                poured += chunk.length;
              }
            })(),
        },
      },
    });
    const id = await insertInstance(slow.worldOf(whose));
    const before = await heldBytes();
    const socket = connect(Number(new URL(slow.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      `GET /instances/${id}/logs?follow=true HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${whose.key}\r\n\r\n`,
    );
    let last = -1;
    await eventually('it stands still', async () => {
      const stands = poured > 0 && poured === last;
      last = poured;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return stands;
    });
    // What the kernel holds of a connection on loopback.
    expect(poured).toBeLessThan(12_000_000);
    expect((await heldBytes()) - before).toBeLessThan(1_000_000);
    await clock.advance(61_000);
    socket.resume();
    await closed;
    const held = poured;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(poured).toBe(held);
  });

  it('of an instance that was deleted before it was made ends', async () => {
    const time = createManualClock(Date.now());
    const { api: quiet, owner: whose, engine: empty } = await setUpApi({ clock: time });
    const id = await insertInstance(quiet.worldOf(whose));
    const log = await follow(id, whose, quiet.url);
    let how: string | undefined;
    void log.ended.then((end) => {
      how = end;
    });
    await time.advance(6_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(how).toBeUndefined();
    await quiet.owner.query('delete from instances where id = $1', [id]);
    await eventually('it ends', async () => {
      await time.advance(1_000);
      return how === 'cut off';
    });
    expect(empty.open()).toBe(0);
  });
});
