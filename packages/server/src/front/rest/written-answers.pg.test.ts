import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../kernel/registry.ts';
import type { Call } from '../../kernel/service.ts';
import type { Download, WrittenEvents } from '../../kernel/written-answer.ts';
import { insertVpc } from '../../services/vpcs/examples.ts';
import { heldBytes } from '../../testing/held-bytes.ts';
import { memberWith, revoke } from '../../testing/machines.ts';
import { createManualClock } from '../../testing/manual-clock.ts';
import { openEvents } from '../../testing/open-events.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import type { Actor } from '../../testing/test-api.ts';
import { createToyOperations } from '../../testing/toy-operations.ts';

const toys = createToyOperations('toy');
const { api, owner } = await setUpApi({ registry: createRegistry([toys]) });

const touch = (id: string) => api.owner.query('update vpcs set version = version + 1 where id = $1', [id]);
const watch = (id: string, actor: Pick<Actor, 'key'> = owner, headers: Record<string, string> = {}, query = '') =>
  openEvents(`${api.url}/toy-crates/${id}/watch${query}`, actor.key, headers);

/** The toys, with a handler of the test's. */
const withHandler = (verb: string, handler: (call: Call) => Promise<Download | WrittenEvents>) =>
  createRegistry([{ ...toys, handlers: { ...toys.handlers, [verb]: handler } }]);

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(ms);
  return result;
}

describe('a stream of events', () => {
  it('has an id and JSON for each, and tells how soon to connect again', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const stream = await watch(id);
    expect(stream).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    });
    await eventually('the first is there', () => stream.frames().length === 2);
    await touch(id);
    await eventually('the second is there', () => stream.frames().length === 3);
    stream.leave();
    expect(stream.frames()).toEqual([
      { retry: '1000' },
      { id: '1', event: 'message', data: expect.stringContaining('"version":1') },
      { id: '2', event: 'message', data: expect.stringContaining('"version":2') },
    ]);
  });

  it('goes on behind Last-Event-ID, or else behind after', async () => {
    const id = await insertVpc(api.worldOf(owner));
    await touch(id);
    await touch(id);
    const versions = async (headers: Record<string, string>, query: string) => {
      const stream = await watch(id, owner, headers, query);
      await eventually('it is there', () => stream.data().length > 0);
      stream.leave();
      return stream.data<{ version: number }>().map(({ version }) => version);
    };
    expect(await versions({}, '?after=2')).toEqual([3]);
    await touch(id);
    expect(await versions({ 'last-event-id': '3' }, '?after=1')).toEqual([4]);
    const tooLong = await watch(id, owner, { 'last-event-id': 'x'.repeat(30) });
    expect(tooLong.status).toBe(400);
  });

  it('holds no connection of the pool while it waits', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const waits = withHandler('watch', async () => ({
      async *open({ signal, read }) {
        await read((sql) => sql.query('test.one', 'select 1'));
        yield { id: '1' };
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    }));
    const { api: own, owner: whose } = await setUpApi({ registry: waits });
    const target = await insertVpc(own.worldOf(whose));
    const streams = await Promise.all(
      Array.from({ length: 16 }, () => openEvents(`${own.url}/toy-crates/${target}/watch`, whose.key)),
    );
    await eventually('all wait', () => streams.every((stream) => stream.frames().length === 2));
    await eventually('nothing is checked out', () => {
      const { total, idle } = own.database.stats();
      return total === idle;
    });
    const { rows } = await own.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    expect(rows).toEqual([]);
    for (const stream of streams) stream.leave();
    expect(id).toBeTruthy();
  });

  it('ends within a second, with the reason, after the key was revoked, the permission taken away or the member removed', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const ways: readonly (readonly [string, (member: Awaited<ReturnType<typeof memberWith>>) => Promise<unknown>])[] = [
      ['UNAUTHORIZED', (member) => revoke(api, member)],
      ['FORBIDDEN', (member) => member.takeAway()],
      // A member's keys in the tenant go with the membership.
      ['UNAUTHORIZED', (member) => api.owner.query('delete from memberships where user_id = $1', [member.userId])],
    ];
    for (const [code, end] of ways) {
      const member = await memberWith(api, owner, ['toy_crate:read']);
      const [lost, kept] = await Promise.all([watch(id, member, { 'x-tenant-id': owner.tenantId }), watch(id, owner)]);
      await eventually('both are there', () => lost.data().length + kept.data().length === 2);
      await end(member);
      expect(await within(1_000, lost.ended)).toBe('its end');
      const { event, data } = lost.frames().at(-1)!;
      expect([event, JSON.parse(data!)]).toMatchObject(['error', { code, status: code === 'FORBIDDEN' ? 403 : 401 }]);
      expect(kept.frames().at(-1)?.event).toBe('message');
      kept.leave();
    }
  });

  it('is refused before it begins, like any other call', async () => {
    const id = await insertVpc(api.worldOf(owner));
    expect((await watch(id, await api.makeActor())).status).toBe(404);
    expect((await watch(id, await memberWith(api, owner, []))).status).toBe(403);
    expect((await watch(id, { key: 'none' })).status).toBe(401);
  });

  it('of a key are sixteen at a time, and of others still more', async () => {
    const owner = await api.makeMember((await api.makeActor()).tenantId, 'owner');
    const id = await insertVpc(api.worldOf(owner));
    const streams = await Promise.all(Array.from({ length: 16 }, () => watch(id, owner)));
    expect(streams.map(({ status }) => status)).toEqual(Array(16).fill(200));
    const refused = await api.call('toy-crates.watch', { id }, owner);
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '5' } });
    const other = await watch(id, await api.makeMember(owner.tenantId, 'owner'));
    expect(other.status).toBe(200);
    for (const stream of [...streams, other]) stream.leave();
    await eventually(
      'there is room again',
      async () => (await api.call('toy-crates.watch', { id }, owner)).status === 200,
    );
  });

  it('ends with the error that its handler throws, in words without what is ours alone', async () => {
    const fails = withHandler('watch', async () => ({
      async *open() {
        yield { id: '1', data: {} };
        throw new Error('a secret of the platform');
      },
    }));
    const { api: own, owner: whose } = await setUpApi({ registry: fails });
    const id = await insertVpc(own.worldOf(whose));
    const stream = await openEvents(`${own.url}/toy-crates/${id}/watch`, whose.key);
    expect(await stream.ended).toBe('its end');
    expect(JSON.parse(stream.frames().at(-1)!.data!)).toMatchObject({ code: 'INTERNAL', status: 500 });
    expect(stream.text()).not.toContain('secret');
    expect(own.logLines.some((line) => line.includes('a secret of the platform'))).toBe(true);
  });

  it('tells its clients to connect again when the API stops', async () => {
    const { api: own, owner: whose } = await setUpApi({ registry: createRegistry([toys]) });
    const id = await insertVpc(own.worldOf(whose));
    const stream = await openEvents(`${own.url}/toy-crates/${id}/watch`, whose.key);
    await eventually('it is open', () => stream.data().length === 1);
    await own.stop();
    expect(await within(1_000, stream.ended)).toBe('its end');
    const { event, data } = stream.frames().at(-1)!;
    expect([event, JSON.parse(data!)]).toMatchObject(['error', { code: 'UNAVAILABLE', status: 503, retry_after: 5 }]);
  });

  it('is not run ahead of a client that reads nothing, who loses it after a minute; an idle one gets a comment', async () => {
    const clock = createManualClock(Date.now());
    let poured = 0;
    const pours = withHandler('watch', async ({ input }: Call) => ({
      async *open({ signal }) {
        if ((input as { after?: string }).after === 'idle')
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        for (;;) yield { id: String(++poured), data: 'x'.repeat(10_000) };
      },
    }));
    const { api: own, owner: whose } = await setUpApi({ clock, registry: pours });
    const id = await insertVpc(own.worldOf(whose));
    const idle = await openEvents(`${own.url}/toy-crates/${id}/watch?after=idle`, whose.key);
    const before = await heldBytes();
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`GET /toy-crates/${id}/watch HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${whose.key}\r\n\r\n`);
    let last = -1;
    await eventually('it stands still', async () => {
      const stands = poured > 0 && poured === last;
      last = poured;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return stands;
    });
    // What the kernel holds of a connection on loopback.
    expect(poured).toBeLessThan(1_200);
    expect((await heldBytes()) - before).toBeLessThan(1_000_000);
    await clock.advance(16_000);
    await eventually('a comment has come', () => idle.text().includes(': still here\n\n'));
    await clock.advance(45_000);
    socket.resume();
    await closed;
    const held = poured;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(poured).toBe(held);
    idle.leave();
  });
});

describe('a download', () => {
  it('has the content type of its descriptor and a name', async () => {
    const id = await insertVpc(api.worldOf(owner));
    const answer = await api.send('GET', `/toy-crates/${id}/dump`, { key: owner.key });
    expect(answer).toMatchObject({
      status: 200,
      text: expect.stringMatching(/^name,version\n.+,1\n$/),
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="crate.csv"',
      },
    });
  });

  it('that fails is cut off, and nobody takes it for whole', async () => {
    const fails = withHandler('dump', async () => ({
      fileName: 'crate.csv',
      async *open() {
        yield 'name,version\n';
        throw new Error('no more');
      },
    }));
    const { api: own, owner: whose } = await setUpApi({ registry: fails });
    const id = await insertVpc(own.worldOf(whose));
    const stream = await openEvents(`${own.url}/toy-crates/${id}/dump`, whose.key);
    expect([stream.status, await stream.ended]).toEqual([200, 'cut off']);
    expect(own.logLines.some((line) => line.includes('no more'))).toBe(true);
  });
});
