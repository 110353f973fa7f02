import { describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { endConnections } from '../../testing/event-checker.ts';
import { memberWith } from '../../testing/machines.ts';
import { type OpenEvents, openEvents } from '../../testing/open-events.ts';
import { eventually } from '../../testing/seed.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import type { Actor } from '../../testing/test-api.ts';
import type { Event } from './event.ts';
import { insertEvent } from './examples.ts';
import { positionText, readPosition } from './position.ts';

const { api, owner, database } = await setUpApi();

const follow = (actor: Pick<Actor, 'key'>, query = '', headers: Record<string, string> = {}): Promise<OpenEvents> =>
  openEvents(`${api.url}/events/stream${query}`, actor.key, headers);
const list = async (actor: Actor, input: Record<string, unknown> = {}) => {
  const answer = await api.call('events.list', input, actor);
  expect(answer.status, answer.text).toBe(200);
  return { events: answer.data as Event[], next: answer.meta.next_cursor as string | undefined };
};
const ids = (stream: OpenEvents) => stream.data<Event>().map((event) => event.resource_id);
const lastId = (stream: OpenEvents) => stream.frames().findLast((frame) => frame.id !== undefined)?.id;
const opened = async (actor: Actor, query = '', headers: Record<string, string> = {}) => {
  const stream = await follow(actor, query, headers);
  await eventually('it is open', () => lastId(stream) !== undefined);
  return stream;
};

describe('an event', () => {
  it('tells what a write changed, from and to, and what it was given', async () => {
    const { data: vpc } = await api.call('vpcs.create', { name: 'changing' }, owner);
    await api.call('vpcs.delete', { id: vpc.id }, owner);
    const { events } = await list(owner, { resource_id: vpc.id });
    expect(events).toMatchObject([
      { action: 'VPC_DELETE', changes: { status: { from: 'pending', to: 'DELETING' } }, metadata: { id: vpc.id } },
      {
        action: 'VPC_CREATE',
        resource_type: 'vpc',
        tenant_id: owner.tenantId,
        actor: owner.userId,
        user_id: owner.userId,
        changes: { status: { from: null, to: 'pending' } },
        metadata: { name: 'changing' },
      },
    ]);
    expect(events[0]!.sequence).toBeGreaterThan(events[1]!.sequence);
  });

  it('never holds what an answer shows once', async () => {
    const { data: made } = await api.call('keys.create', { name: 'once' }, owner);
    const { data: again } = await api.call('keys.rotate', { id: made.id }, owner);
    const { rows } = await api.owner.query('select to_jsonb(e)::text as text from events e');
    for (const secret of [made.key, again.key, made.secret_access_key, again.secret_access_key].filter(Boolean))
      expect(rows.filter(({ text }) => text.includes(secret))).toEqual([]);
  });
});

describe('a list of events', () => {
  it('is newest first, page by page, and has each filter', async () => {
    const actor = await api.makeActor();
    const world = api.worldOf(actor);
    const [one, two] = [newId(), newId()];
    await api.owner.query(
      `insert into events (tenant_id, event_type, resource_id, resource_type, actor, created_at)
       values ($1, 'INSTANCE_LAUNCH', 'old', 'instance', 'somebody', now() - interval '2 days')`,
      [actor.tenantId],
    );
    for (const id of [one, two, one, two, one]) await insertEvent(world, id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(actor, { limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...page.events.map((event) => event.resource_id));
      cursor = page.next;
    } while (cursor);
    expect(seen).toEqual([one, two, one, two, one, 'old']);
    const found = async (input: Record<string, unknown>) =>
      (await list(actor, input)).events.map((event) => event.resource_id);
    expect(await found({ resource_id: two })).toEqual([two, two]);
    expect(await found({ resource_type: 'instance' })).toEqual(['old']);
    expect(await found({ action: 'INSTANCE_LAUNCH' })).toEqual(['old']);
    expect(await found({ action: 'INSTANCE_*' })).toEqual(['old']);
    expect(await found({ action: 'INSTANCE' })).toEqual([]);
    expect(await found({ actor: 'somebody' })).toEqual(['old']);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    expect(await found({ to: yesterday })).toEqual(['old']);
    expect(await found({ from: yesterday, resource_id: one })).toEqual([one, one, one]);
  });

  it('finds what is rare behind thousands of others, over short pages', async () => {
    const actor = await api.makeActor();
    await insertEvent(api.worldOf(actor), 'needle');
    await api.owner.query(
      `insert into events (tenant_id, event_type, resource_id, resource_type) select $1, 'VPC_X', n, 'vpc' from generate_series(1, 6000) as n`,
      [actor.tenantId],
    );
    const first = await list(actor, { action: 'VPC_ACTIVE' });
    expect(first.events).toEqual([]);
    const second = await list(actor, { action: 'VPC_ACTIVE', cursor: first.next });
    expect(second.events.map((event) => event.resource_id)).toEqual(['needle']);
    expect(second.next).toBeUndefined();
  });

  it('shows the events of resources that the caller may read, and of no other tenant', async () => {
    const actor = await api.makeActor();
    await insertEvent(api.worldOf(actor), 'mine');
    await insertEvent(api.worldOf(owner), 'foreign');
    const seen = async (member: Actor) => (await list(member)).events.map((event) => event.resource_id);
    expect(await seen(actor)).toEqual(['mine']);
    expect(await seen(await api.makeMember(actor.tenantId, 'viewer'))).toEqual(['mine']);
    expect(await seen(await memberWith(api, actor, ['event:read', 'vpc:read']))).toEqual(['mine']);
    expect(await seen(await memberWith(api, actor, ['event:read', 'instance:read']))).toEqual([]);
  });
});

describe('a stream of events', () => {
  it('sends what comes, as it is filtered, and goes on behind an id', async () => {
    const actor = await api.makeActor();
    const world = api.worldOf(actor);
    await insertEvent(world, 'before');
    const [all, some] = [await opened(actor), await opened(actor, '?resource_id=two')];
    for (const id of ['one', 'two', 'three']) await insertEvent(world, id);
    await eventually('all came', () => ids(all).length === 3 && ids(some).length === 1);
    expect([ids(all), ids(some)]).toEqual([['one', 'two', 'three'], ['two']]);
    const from = all.frames().find(({ data }) => data?.includes('"one"'))!.id!;
    all.leave();
    some.leave();
    await insertEvent(world, 'four');
    const again = await opened(actor, `?after=${from}`);
    await eventually('the rest came', () => ids(again).length === 3);
    await insertEvent(world, 'five');
    await eventually('and what is new', () => ids(again).length === 4);
    expect(ids(again)).toEqual(['two', 'three', 'four', 'five']);
    again.leave();
  });

  it('is not held up by a transaction that stays open, and sends its event when it commits', async () => {
    const actor = await api.makeActor();
    const world = api.worldOf(actor);
    const stream = await opened(actor);
    const late = await api.owner.connect();
    await late.query('begin');
    await insertEvent({ ...world, owner: late }, 'late');
    const idle = await api.owner.connect();
    await idle.query('begin; select pg_current_xact_id()');
    for (let n = 0; n < 50; n++) await insertEvent(world, `soon-${n}`);
    await eventually('what was committed came', () => ids(stream).length === 50, 2_000);
    const middle = lastId(stream)!;
    const other = await opened(actor, `?after=${middle}`);
    await late.query('commit');
    await eventually('the late one came', () => ids(stream).length === 51 && ids(other).length === 1, 3_000);
    expect([ids(stream).at(-1), ids(other)]).toEqual(['late', ['late']]);
    const resumed = await opened(actor, `?after=${middle}`);
    await eventually('and to who resumes', () => ids(resumed).length === 1);
    await idle.query('rollback');
    late.release();
    idle.release();
    for (const one of [stream, other, resumed]) one.leave();
  });

  it('shows nothing to who may not read the resource, also from the moment that the permission is gone', async () => {
    const actor = await api.makeActor();
    const world = api.worldOf(actor);
    const foreign = await opened(owner);
    const blind = await opened(await memberWith(api, actor, ['event:read', 'instance:read']));
    const sighted = await memberWith(api, actor, ['event:read', 'vpc:read']);
    const stream = await opened(sighted);
    await insertEvent(world, 'one');
    await eventually('it came', () => ids(stream).length === 1);
    await api.owner.query(`delete from tenant_role_permissions where permission = 'vpc:read' and tenant_id = $1`, [
      actor.tenantId,
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await insertEvent(world, 'two');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([ids(stream), ids(blind), ids(foreign)]).toEqual([['one'], [], []]);
    const control = await opened(actor, `?after=${lastId(blind)}`);
    await eventually('both are there for who may', () => ids(control).length === 2);
    for (const one of [stream, blind, foreign, control]) one.leave();
  });

  it('goes on when the database ends the connections of the API', async () => {
    const actor = await api.makeActor();
    const stream = await opened(actor);
    await endConnections(database.apiUrl);
    await insertEvent(api.worldOf(actor), 'after all');
    await eventually('it came', () => ids(stream).length === 1, 5_000);
    stream.leave();
  });

  it('is read for itself when it is behind by more than the feed keeps', async () => {
    const actor = await api.makeActor();
    const stream = await opened(actor);
    await api.owner.query(
      `insert into events (tenant_id, event_type, resource_id, resource_type) select $1, 'VPC_X', n, 'vpc' from generate_series(1, 5000) as n`,
      [actor.tenantId],
    );
    await eventually('all came', () => ids(stream).length === 5_000, 10_000);
    expect(ids(stream)).toEqual(Array.from({ length: 5_000 }, (_, n) => String(n + 1)));
    stream.leave();
  });

  it('refuses an id that is older than the events that are kept, or of another database, or none', async () => {
    const stream = await opened(owner);
    const position = readPosition(lastId(stream)!);
    stream.leave();
    expect(positionText(readPosition(positionText(position)))).toBe(positionText(position));
    const after = async (changed: object) =>
      api.call('events.stream', { after: positionText({ ...position, ...changed }) }, owner);
    const month = 30 * 86_400_000;
    expect(await after({ at: Date.now() - month })).toMatchObject({ status: 410, code: 'EVENTS_EXPIRED' });
    const { seen } = position;
    expect(await after({ seen: { ...seen, xmax: seen.xmax + 1_000_000n } })).toMatchObject({ status: 410 });
    expect(await after({})).toMatchObject({ status: 200 });
    // No snapshot of PostgreSQL: not in order, beyond its end, from 0.
    for (const broken of ['5.9.3_2~0~', '5.2.4~0~', '0.0.~0~'])
      expect(
        await api.call('events.stream', { after: `${broken}${Date.now().toString(36)}` }, owner),
        broken,
      ).toMatchObject({ status: 400 });
    for (const text of ['x', '1.2', '~~', 'zzzzzzzzzzzzz.0.~0~0'])
      expect(await api.call('events.stream', { after: text }, owner)).toMatchObject({ status: 400 });
  });
});

describe('?wait=', () => {
  it('is woken by the event of the change', async () => {
    const { data: vpc } = await api.call('vpcs.create', { name: 'waited-for' }, owner);
    const waiting = api.call('vpcs.get', { id: vpc.id }, owner, { query: 'wait=20' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await api.owner.query(`update vpcs set status = 'active' where id = $1`, [vpc.id]);
    const began = performance.now();
    await api.owner.query(`select pg_notify('cloud_events', $1)`, [`${owner.tenantId} ${vpc.id}`]);
    expect((await waiting).data.status).toBe('active');
    expect(performance.now() - began).toBeLessThan(300);
  });
});
