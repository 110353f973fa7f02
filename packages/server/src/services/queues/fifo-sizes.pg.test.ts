import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import type { QueueRow } from './queue.ts';
import { fifoActor, makeFifoQueue, newMessage } from './testing/fifo-world.ts';

const MANY = 100_000;

let seeded: Seeded;
let tenant: Tenant;
let actor: ReturnType<typeof fifoActor>;

beforeAll(async () => {
  seeded = await seedDatabase();
  tenant = await seeded.makeTenant();
  actor = fifoActor(seeded.data);
});
afterAll(() => seeded?.drop());

/** A queue with many messages: SQL of the group and of visible_after, by the number `n`. */
async function fill(group: string, visible: string): Promise<QueueRow> {
  const queue = await makeFifoQueue(seeded, tenant);
  await seeded.owner.query(
    `with stored as (
       insert into queue_messages (tenant_id, queue_id, body, group_id, deduplication_id, sequence_number, visible_after)
       select $1, $2, 'x', ${group}, n, nextval('queue_message_sequence'), ${visible} from generate_series(1, ${MANY}) as n returning *)
     insert into queue_groups (tenant_id, queue_id, group_id, head, available_at)
     select $1, $2, group_id, min(sequence_number), min(visible_after) from stored group by group_id`,
    [tenant.tenantId, queue.id],
  );
  await seeded.owner.query('vacuum analyze queue_messages, queue_groups');
  return queue;
}

/** Median milliseconds of a call. */
async function median(times: number, call: (n: number) => Promise<unknown>): Promise<number> {
  const ms: number[] = [];
  for (let n = 0; n < times; n++) {
    const started = performance.now();
    await call(n);
    ms.push(performance.now() - started);
  }
  return ms.sort((a, b) => a - b)[times >> 1]!;
}

/** Median milliseconds of a take of one message, its deletion, and a send to a group that is there. */
async function cycle(queue: QueueRow, group: string): Promise<{ take: number; remove: number; send: number }> {
  const taken: (readonly Awaited<ReturnType<typeof actor.take>>[number][])[] = [];
  const take = await median(40, async () => taken.push(await actor.take(queue, { max: 1 })));
  const remove = await median(40, async (n) => actor.delete(queue, ...taken[n]!));
  const send = await median(40, () => actor.messages.send(queue, [newMessage(group, 'x')]));
  return { take, remove, send };
}

describe(`with ${MANY} messages`, () => {
  it('of one group that waits for a message in flight, the other groups are served at once', async () => {
    const queue = await fill(`'busy'`, `now() - interval '1 second'`);
    await actor.take(queue, { max: 1 });
    for (let n = 0; n < 60; n++) await actor.send(queue, `free-${n}:1`);
    const figures = await cycle(queue, 'busy');
    const nothing = await median(40, () => actor.take(queue));
    console.log('one blocked group', figures, { nothing });
    for (const ms of Object.values({ ...figures, nothing })) expect(ms).toBeLessThan(10);
  }, 60_000);

  it('each of its own group, half of them available and half waiting, each call stays short', async () => {
    const queue = await fill('n', `now() + case when n % 2 = 0 then interval '-1 second' else interval '1 hour' end`);
    const figures = await cycle(queue, '7');
    console.log('many groups', figures);
    for (const ms of Object.values(figures)) expect(ms).toBeLessThan(10);
  }, 60_000);
});
