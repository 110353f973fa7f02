import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import type { MessageRow } from './message.ts';
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

describe('send', () => {
  it('numbers messages in their order and keeps all of each', async () => {
    const queue = await makeQueue();
    const message = newMessage('g', 'héllo\nworld', {
      attributes: '{"a":{"type":"String","value":"1"}}',
      traceHeader: 'Root=1',
      size: 99,
    });
    const stored = await actor.messages.send(queue, [message, newMessage('h', 'second'), newMessage('g', 'third')]);
    expect(stored.map(({ id }) => id)).toContain(message.id);
    const numbers = stored.map(({ sequence }) => BigInt(sequence!));
    expect(numbers[0]! < numbers[1]! && numbers[1]! < numbers[2]!).toBe(true);
    const request = newRequest(queue, [{ max: 1 }]);
    const [first] = (await actor.messages.take(request)).messages[0]!;
    expect(first).toMatchObject({
      id: message.id,
      queue_id: queue.id,
      body: message.body,
      attributes: message.attributes,
      trace_header: 'Root=1',
      size: 99,
      sender: message.sender,
      received_count: 1,
      group_id: 'g',
      deduplication_id: message.deduplicationId,
      sequence_number: stored[0]!.sequence,
      dead_letter_source: null,
      created_at: stored[0]!.createdAt,
    });
    expect(first!.receipt_handle).toBe(`${message.id.replaceAll('-', '')}${request.nonce}0001`);
    expect(first!.visible_after!.getTime() - first!.first_received_at!.getTime()).toBe(30_000);
  });

  it('hides a message for its delay, and none overtakes it in its group', async () => {
    const queue = await makeQueue();
    await actor.messages.send(queue, [newMessage('g', 'g:1', { delaySeconds: 60 }), newMessage('g', 'g:2')]);
    const { messages, next, at } = await actor.messages.take(newRequest(queue));
    expect(messages).toEqual([[]]);
    expect(next!.getTime() - at.getTime()).toBeGreaterThan(59_000);
    await passTime(seeded, queue, '60 seconds');
    expect(await actor.bodies(queue)).toEqual(['g:1', 'g:2']);
  });

  it('throws NOT_FOUND for a queue that is gone', async () => {
    const queue = await makeQueue({ deleted_at: new Date() });
    await expect(actor.send(queue, 'g:1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a deduplication id', () => {
  it('stores a message once within five minutes, whatever became of it', async () => {
    const queue = await makeQueue();
    const [first] = await actor.messages.send(queue, [newMessage('g', 'first', { deduplicationId: 'd' })]);
    const again = () => actor.messages.send(queue, [newMessage('other', 'again', { deduplicationId: 'd' })]);
    expect(await again()).toEqual([first]);
    const rows = await actor.take(queue);
    expect(bodiesOf(rows)).toEqual(['first']);
    expect(await actor.delete(queue, ...rows)).toEqual([true]);
    expect(await again()).toEqual([first]);
    await passTime(seeded, queue, '299 seconds');
    expect((await again())[0]!.id).toBe(first!.id);
    expect(await actor.take(queue)).toEqual([]);
    await passTime(seeded, queue, '1 second');
    const [second] = await again();
    expect(second!.id).not.toBe(first!.id);
    expect(await again()).toEqual([second]);
    expect(await actor.bodies(queue)).toEqual(['again']);
  });

  it('counts within one call too', async () => {
    const queue = await makeQueue();
    const stored = await actor.messages.send(queue, [
      newMessage('g', '1', { deduplicationId: 'a' }),
      newMessage('g', '2', { deduplicationId: 'a' }),
      newMessage('g', '3', { deduplicationId: 'b' }),
    ]);
    expect(stored[1]).toEqual(stored[0]);
    expect(await actor.bodies(queue)).toEqual(['1', '3']);
  });

  it('is unique in its group only where the queue says so', async () => {
    const queue = await makeQueue({ deduplication_scope: 'message_group' });
    const send = (group: string) =>
      actor.messages.send(queue, [newMessage(group, `${group}:1`, { deduplicationId: 'd' })]);
    const [g] = await send('g');
    const [h] = await send('h');
    expect(h!.id).not.toBe(g!.id);
    expect(await send('g')).toEqual([g]);
    expect(await actor.bodies(queue)).toEqual(['g:1', 'h:1']);
  });

  it('is of one queue', async () => {
    const [one, other] = [await makeQueue(), await makeQueue()];
    for (const queue of [one, other])
      await actor.messages.send(queue, [newMessage('g', 'x', { deduplicationId: 'same' })]);
    expect(await actor.bodies(one)).toEqual(['x']);
    expect(await actor.bodies(other)).toEqual(['x']);
  });
});

describe('take', () => {
  it('gives the groups whose first message has waited longest, each in order, to calls in their order', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1');
    await actor.send(queue, 'b:1');
    await actor.send(queue, 'a:2', 'c:1', 'b:2', 'a:3');
    const taken = await actor.messages.take(newRequest(queue, [{ max: 2 }, { max: 3 }, { max: 1 }]));
    expect(taken.messages.map(bodiesOf)).toEqual([['a:1', 'a:2'], ['b:1', 'b:2', 'c:1'], []]);
    expect(new Set(taken.messages.flat().map((row) => row.receipt_handle)).size).toBe(5);
    expect(taken).toMatchObject({ settled: 0, filled: [] });
    expect(taken.next!.getTime() - taken.at.getTime()).toBeGreaterThan(29_000);
  });

  it('comes to the messages of one consumer in the order in which they were sent', async () => {
    const queue = await makeQueue();
    const sent = ['a:1', 'a:2', 'b:1', 'a:3', 'c:1', 'b:2'];
    for (const text of sent) await actor.send(queue, text);
    const received: string[] = [];
    for (let rows = await actor.take(queue, { max: 1 }); rows.length > 0; rows = await actor.take(queue, { max: 1 })) {
      received.push(...bodiesOf(rows));
      await actor.delete(queue, ...rows);
    }
    expect(received).toEqual(sent);
  });

  it('gives nothing of a group with a message in flight, until the last of these is deleted', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'a:3', 'b:1');
    const [first, second] = await actor.take(queue, { max: 2 });
    expect(await actor.bodies(queue)).toEqual(['b:1']);
    await actor.send(queue, 'a:4');
    await actor.delete(queue, second!);
    expect(await actor.bodies(queue)).toEqual([]);
    const { opensAt } = await actor.messages.delete([{ queue, messageId: first!.id, handle: first!.receipt_handle! }]);
    expect(opensAt!.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await actor.bodies(queue)).toEqual(['a:3', 'a:4']);
  });

  it('gives messages whose visibility ran out again, first and in order', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'a:3');
    await actor.take(queue, { max: 2 });
    await passTime(seeded, queue, '29 seconds');
    expect(await actor.bodies(queue)).toEqual([]);
    await passTime(seeded, queue, '1 second');
    const again = await actor.take(queue);
    expect(again.map((row) => [row.body, row.received_count])).toEqual([
      ['a:1', 2],
      ['a:2', 2],
      ['a:3', 1],
    ]);
  });

  it('with a visibility of 0 gives each message once a call and leaves it visible', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1', 'a:2', 'b:1');
    for (let time = 0; time < 2; time++)
      expect(await actor.bodies(queue, { visibilitySeconds: 0 })).toEqual(['a:1', 'a:2', 'b:1']);
  });

  it('never gives a message after its retention, nor one that was sent before the last purge, and deletes them', async () => {
    const queue = await makeQueue({ retention_seconds: 60 });
    await actor.send(queue, 'a:old', 'b:old');
    await passTime(seeded, queue, '61 seconds');
    await actor.send(queue, 'a:purged');
    await seeded.owner.query('update queues set purged_before = clock_timestamp() where id = $1', [queue.id]);
    await actor.send(queue, 'a:new');
    const taken = await actor.messages.take(newRequest(queue));
    expect(taken.messages.map(bodiesOf)).toEqual([['a:new']]);
    expect(taken.settled).toBe(4);
    const { rows } = await seeded.owner.query('select body from queue_messages where queue_id = $1', [queue.id]);
    expect(rows).toEqual([{ body: 'a:new' }]);
  });

  it('deletes in steps when very much was purged, and says that there may be more', async () => {
    const queue = await makeQueue();
    await actor.messages.send(
      queue,
      Array.from({ length: 1_200 }, (_, n) => newMessage(n % 2 ? 'a' : 'b', `old ${n}`)),
    );
    await seeded.owner.query('update queues set purged_before = clock_timestamp() where id = $1', [queue.id]);
    await actor.send(queue, 'a:new', 'b:new');
    const steps: { readonly settled: number; readonly bodies: readonly string[] }[] = [];
    do {
      const taken = await actor.messages.take(newRequest(queue));
      steps.push({ settled: taken.settled, bodies: bodiesOf(taken.messages[0]!) });
    } while (steps.at(-1)!.settled > 0 && steps.length < 10);
    expect(steps.flatMap((step) => step.bodies).sort()).toEqual(['a:new', 'b:new']);
    expect(Math.max(...steps.map((step) => step.settled))).toBe(500);
    expect(steps.reduce((all, step) => all + step.settled, 0)).toBe(1_200);
  });

  it('begins at the floor, and comes to earlier groups when these are not enough', async () => {
    const queue = await makeQueue();
    await actor.send(queue, 'a:1');
    // A Date has milliseconds.
    const [{ floor }] = (await seeded.owner.query(`select pg_sleep(0.002), clock_timestamp() as floor`)).rows;
    await actor.send(queue, 'b:1');
    const take = (max: number) => actor.messages.take(newRequest(queue, [{ max, visibilitySeconds: 0 }], { floor }));
    expect((await take(1)).messages.map(bodiesOf)).toEqual([['b:1']]);
    const both = await take(2);
    expect(both.messages.map(bodiesOf)).toEqual([['b:1', 'a:1']]);
    expect(both.first!.getTime()).toBeLessThan(floor.getTime() + 1);
  });
});
