import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { createPgFifoMessages } from './fifo-messages.pg.ts';
import type { MessageRow } from './message.ts';
import type { QueueRow } from './queue.ts';
import {
  fifoActor,
  makeFifoQueue,
  newMessage,
  newRequest,
  passTime,
  type QueueSettings,
} from './testing/fifo-world.ts';

let seeded: Seeded;
let tenant: Tenant;
let actor: ReturnType<typeof fifoActor>;

beforeAll(async () => {
  seeded = await seedDatabase();
  tenant = await seeded.makeTenant();
  actor = fifoActor(seeded.data);
});
afterAll(() => seeded?.drop());

const makeQueue = (settings?: QueueSettings) => makeFifoQueue(seeded, tenant, settings);
const bodiesOf = (rows: readonly MessageRow[]) => rows.map((row) => row.body);
const bodiesIn = async (queue: QueueRow) =>
  (
    await seeded.owner.query('select body from queue_messages where queue_id = $1 order by sequence_number', [queue.id])
  ).rows.map((row) => row.body);
const asWorker = <T>(work: (messages: ReturnType<typeof createPgFifoMessages>) => Promise<T>) =>
  seeded.worker.transaction({ tenantId: tenant.tenantId }, (sql) => work(createPgFifoMessages(sql)));

describe('a receipt handle', () => {
  it('deletes its message once, and says when the group gives more', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'b:1');
    const [a1, b1] = [...(await actor.take(queue, { max: 1 })), ...(await actor.take(queue, { max: 1 }))];
    const held = [a1!, b1!, a1!].map((row) => ({ queue, messageId: row.id, handle: row.receipt_handle! }));
    const { deleted, opensAt } = await actor.messages.delete(held);
    expect(deleted).toEqual([true, true, false]);
    expect(opensAt!.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await bodiesIn(queue)).toEqual(['a:2']);
    const [a2] = await actor.take(queue);
    expect(await actor.messages.delete([{ queue, messageId: a2!.id, handle: a2!.receipt_handle! }])).toEqual({
      deleted: [true],
      opensAt: undefined,
    });
  });

  it('is of no use after the visibility ran out, though nobody received the message again, nor of another queue', async () => {
    const [queue, other] = [await makeQueue(), await makeQueue()];
    await actor.send(queue, 'a:1');
    const [old] = await actor.take(queue);
    expect(await actor.delete(other, old!)).toEqual([false]);
    expect(await actor.extend(other, 0, old!)).toEqual([false]);
    await passTime(seeded, queue, '30 seconds');
    expect(await actor.delete(queue, old!)).toEqual([false]);
    expect(await actor.extend(queue, 60, old!)).toEqual([false]);
    const [again] = await actor.take(queue);
    expect(again).toMatchObject({ id: old!.id, received_count: 2 });
    expect(again!.receipt_handle).not.toBe(old!.receipt_handle);
    expect(await actor.delete(queue, old!)).toEqual([false]);
    expect(await actor.extend(queue, 0, old!)).toEqual([false]);
    expect(await actor.delete(queue, again!)).toEqual([true]);
  });

  it('hides its message, and with it the group, for as long as it says', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'a:3');
    const [first, second] = await actor.take(queue, { max: 2 });
    const { until, opensAt } = await actor.messages.extend([
      { queue, messageId: second!.id, handle: second!.receipt_handle!, seconds: 90 },
    ]);
    expect(until).toEqual([opensAt]);
    expect(until[0]!.getTime() - second!.visible_after!.getTime()).toBeGreaterThanOrEqual(60_000);
    await passTime(seeded, queue, '60 seconds');
    expect(await actor.delete(queue, first!)).toEqual([false]);
    expect(await actor.take(queue)).toEqual([]);
    await passTime(seeded, queue, '30 seconds');
    expect(await actor.bodies(queue)).toEqual(['a:1', 'a:2', 'a:3']);
  });

  it('makes its message visible at once with 0, and the group when none is in flight any more', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'a:3');
    const [first, second] = await actor.take(queue, { max: 2 });
    expect(await actor.extend(queue, 0, first!)).toEqual([true]);
    expect(await actor.take(queue)).toEqual([]);
    expect(await actor.extend(queue, 0, second!)).toEqual([true]);
    expect(await actor.bodies(queue)).toEqual(['a:1', 'a:2', 'a:3']);
  });
});

describe('an attempt id', () => {
  it('gets the same messages with the same handles, hidden again, while all are in flight', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'b:1');
    const want = { max: 3, attemptId: 'try' };
    const first = await actor.take(queue, want);
    expect(bodiesOf(first)).toEqual(['a:1', 'a:2', 'b:1']);
    await passTime(seeded, queue, '20 seconds');
    const again = await actor.take(queue, want);
    const kept = (row: MessageRow) => [row.id, row.receipt_handle, row.received_count];
    expect(again.map(kept)).toEqual(first.map(kept));
    await passTime(seeded, queue, '20 seconds');
    // The visibility began again: another attempt gets nothing, and the handles are good.
    expect(await actor.take(queue, { max: 3, attemptId: 'other' })).toEqual([]);
    expect(await actor.delete(queue, again[0]!)).toEqual([true]);
    expect(await actor.take(queue, want)).toEqual([]);
  });

  it('means another call after five minutes, and when the visibility ran out', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'b:1');
    const want = { max: 1, attemptId: 'try', visibilitySeconds: 1000 };
    expect(bodiesOf(await actor.take(queue, want))).toEqual(['a:1']);
    await passTime(seeded, queue, '301 seconds');
    expect(bodiesOf(await actor.take(queue, want))).toEqual(['b:1']);
    await passTime(seeded, queue, '250 seconds');
    expect(bodiesOf(await actor.take(queue, want))).toEqual(['b:1']);
    await passTime(seeded, queue, '1000 seconds');
    expect((await actor.take(queue, want)).map((row) => [row.body, row.received_count])).toEqual([['a:1', 2]]);
  });

  it('counts for one call of several at once', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'b:1');
    const request = newRequest(queue, [{ max: 1, attemptId: 'x' }, { max: 1, attemptId: 'x' }, { max: 1 }]);
    const { messages } = await actor.messages.take(request);
    expect(messages.map(bodiesOf)).toEqual([['a:1'], ['a:1'], ['b:1']]);
  });
});

describe('a dead-letter queue', () => {
  it('gets what was received as often as it may be, in order, with its group', async () => {
    const dead = await makeQueue();
    const queue = await makeQueue({ dead_letter_queue_id: dead.id, max_receive_count: 2 });
    await actor.send(queue, 'a:1', 'a:2');
    for (let time = 0; time < 2; time++) {
      expect(await actor.bodies(queue, { max: 2 })).toEqual(['a:1', 'a:2']);
      await passTime(seeded, queue, '30 seconds');
    }
    await actor.send(queue, 'a:3', 'b:1');
    const taken = await actor.messages.take(newRequest(queue));
    expect(taken.messages.map(bodiesOf)).toEqual([['a:3', 'b:1']]);
    expect(taken).toMatchObject({ settled: 2, filled: [dead.id] });
    const rows = await actor.take(dead);
    expect(rows.map((row) => [row.body, row.group_id, row.received_count, row.dead_letter_source])).toEqual([
      ['a:1', 'a', 1, queue.id],
      ['a:2', 'a', 1, queue.id],
    ]);
    expect(BigInt(rows[0]!.sequence_number!) < BigInt(rows[1]!.sequence_number!)).toBe(true);
  });

  it('that somebody works on is left for the next scan, which comes soon', async () => {
    const dead = await makeQueue();
    const queue = await makeQueue({ dead_letter_queue_id: dead.id, max_receive_count: 1 });
    await actor.send(queue, 'a:1', 'b:1');
    await actor.take(queue, { max: 1, visibilitySeconds: 0 });
    const client = await seeded.owner.connect();
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('queue:' || $1, 0))`, [dead.id]);
    const taken = await actor.messages.take(newRequest(queue));
    expect(taken.messages.map(bodiesOf)).toEqual([['b:1']]);
    expect(taken.next!.getTime() - taken.at.getTime()).toBeLessThan(100);
    await client.query('rollback');
    client.release();
    expect(await actor.take(queue)).toEqual([]);
    expect(await actor.bodies(dead)).toEqual(['a:1']);
  });

  it('that is gone gets nothing: the messages stay', async () => {
    const dead = await makeQueue({ deleted_at: new Date() });
    const queue = await makeQueue({ dead_letter_queue_id: dead.id, max_receive_count: 1 });
    await actor.send(queue, 'a:1');
    for (let time = 0; time < 3; time++) expect(await actor.bodies(queue, { visibilitySeconds: 0 })).toEqual(['a:1']);
  });

  it('gives its messages back, each group in order, as many at a time as are asked for', async () => {
    const dead = await makeQueue();
    const queue = await makeQueue({ dead_letter_queue_id: dead.id, max_receive_count: 1 });
    await actor.send(queue, 'a:1', 'a:2', 'b:1', 'b:2');
    await actor.take(queue, { visibilitySeconds: 0 });
    await actor.take(queue);
    await actor.send(dead, 'a:own');
    const move = (max: number, destinationId?: string) =>
      asWorker((messages) =>
        messages.move({
          tenantId: tenant.tenantId,
          sourceId: dead.id,
          destinationId,
          by: new Date(Date.now() + 1000),
          max,
        }),
      );
    expect(await move(3)).toEqual({ moved: 3, busy: false, filled: [queue.id] });
    await actor.send(queue, 'a:3');
    expect(await move(10)).toMatchObject({ moved: 1 });
    expect(await move(10)).toMatchObject({ moved: 0 });
    expect(await bodiesIn(queue)).toEqual(['a:1', 'a:2', 'b:1', 'a:3', 'b:2']);
    expect((await actor.take(queue)).map((row) => [row.body, row.dead_letter_source])).toEqual([
      ['a:1', null],
      ['a:2', null],
      ['a:3', null],
      ['b:1', null],
      ['b:2', null],
    ]);
    // What was sent to it goes where the task says; what is in flight and what came later stay.
    const elsewhere = await makeQueue();
    const by = (await seeded.owner.query('select clock_timestamp() as now')).rows[0].now;
    await actor.send(dead, 'a:late', 'c:1');
    const rest = () =>
      asWorker((messages) =>
        messages.move({ tenantId: tenant.tenantId, sourceId: dead.id, destinationId: elsewhere.id, by, max: 10 }),
      );
    const [own] = await actor.take(dead, { max: 1 });
    expect(await rest()).toMatchObject({ moved: 0 });
    await actor.extend(dead, 0, own!);
    expect(await rest()).toEqual({ moved: 1, busy: false, filled: [elsewhere.id] });
    expect(await bodiesIn(elsewhere)).toEqual(['a:own']);
    expect(await actor.bodies(dead)).toEqual(['a:late', 'c:1']);
  });
});

describe('the worker', () => {
  it('deletes what expired or was purged in steps, and a group with a message in flight among these is free', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'b:1', 'c:1');
    await actor.take(queue, { max: 1 });
    await seeded.owner.query('update queues set purged_before = clock_timestamp() where id = $1', [queue.id]);
    await actor.send(queue, 'a:new');
    const expire = (max: number) => asWorker((messages) => messages.expire(tenant.tenantId, queue.id, max));
    expect(await expire(3)).toBe(3);
    expect(await expire(3)).toBe(1);
    expect(await expire(3)).toBe(0);
    expect(await actor.bodies(queue)).toEqual(['a:new']);
  });
});

describe('another tenant', () => {
  it('gets nothing of a queue whose id it knows, and changes nothing', async () => {
    const queue = await makeQueue();
    const stranger = await seeded.makeTenant();
    const foreign: QueueRow = { ...queue, tenant_id: stranger.tenantId };
    await actor.send(queue, 'a:1', 'b:1');
    const [mine] = await actor.take(queue, { max: 1 });
    await expect(actor.messages.send(foreign, [newMessage('a', 'x')])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const taken = await actor.messages.take(newRequest(foreign));
    expect(taken).toMatchObject({ exists: false, messages: [[]], settled: 0, next: undefined, filled: [] });
    expect(await actor.delete(foreign, mine!)).toEqual([false]);
    expect(await actor.extend(foreign, 0, mine!)).toEqual([false]);
    const elsewhere = await makeFifoQueue(seeded, stranger);
    const all = { by: new Date(Date.now() + 1000), max: 10 };
    const move = { tenantId: stranger.tenantId, sourceId: queue.id, destinationId: elsewhere.id, ...all };
    const bring = { tenantId: tenant.tenantId, sourceId: queue.id, destinationId: elsewhere.id, ...all };
    for (const scope of [stranger.tenantId, '*'])
      await seeded.worker.transaction({ tenantId: scope }, async (sql) => {
        const messages = createPgFifoMessages(sql);
        for (const one of [move, bring]) expect(await messages.move(one)).toMatchObject({ moved: 0 });
        expect(await messages.expire(stranger.tenantId, queue.id, 10)).toBe(0);
      });
    expect(await bodiesIn(queue)).toEqual(['a:1', 'b:1']);
    expect(await actor.delete(queue, mine!)).toEqual([true]);
  });
});
