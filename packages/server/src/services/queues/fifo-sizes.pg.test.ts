import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Seeded, seedDatabase } from '../../testing/seed.ts';
import type { MessageRow } from './message.ts';
import type { QueueRow } from './queue.ts';
import { fifoActor, makeFifoQueue, newMessage } from './testing/fifo-world.ts';

/** Half of them are of one group, which waits for a message in flight. The others have a group each; half of these wait too. */
const MANY = Number(process.env.CLOUD_FIFO_MESSAGES ?? 100_000);

let seeded: Seeded;
let actor: ReturnType<typeof fifoActor>;
let queue: QueueRow;

beforeAll(async () => {
  seeded = await seedDatabase();
  actor = fifoActor(seeded.data);
  const tenant = await seeded.makeTenant();
  queue = await makeFifoQueue(seeded, tenant);
  await seeded.owner.query(
    `with stored as (
       insert into queue_messages (tenant_id, queue_id, body, group_id, deduplication_id, sequence_number, visible_after)
       select $1, $2, 'x', case when n % 2 = 1 then 'busy' else n::text end, n, nextval('queue_message_sequence'),
         now() + case when n % 4 = 0 then interval '1 hour' else interval '-1 second' end
       from generate_series(1, ${MANY}) as n returning *)
     insert into queue_groups (tenant_id, queue_id, group_id, head, available_at)
     select $1, $2, group_id, min(sequence_number), min(visible_after) from stored group by group_id`,
    [tenant.tenantId, queue.id],
  );
  await seeded.owner.query('analyze queue_messages, queue_groups');
  expect((await actor.take(queue, { max: 1, visibilitySeconds: 3600 }))[0]!.group_id).toBe('busy');
}, 120_000);
afterAll(() => seeded?.drop());

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

describe(`with ${MANY} messages`, () => {
  it('each call of a FIFO queue takes a few milliseconds', async () => {
    const taken: MessageRow[] = [];
    const figures = {
      take: await median(40, async () => taken.push(...(await actor.take(queue, { max: 1 })))),
      takeTen: await median(20, () => actor.take(queue)),
      extend: await median(40, (n) => actor.extend(queue, 60, taken[n]!)),
      delete: await median(40, (n) => actor.delete(queue, taken[n]!)),
      sendToBusy: await median(40, () => actor.messages.send(queue, [newMessage('busy', 'x')])),
      sendToNew: await median(40, (n) => actor.messages.send(queue, [newMessage(`new-${n}`, 'x')])),
    };
    expect(taken.map((row) => row.group_id)).not.toContain('busy');
    for (const [what, ms] of Object.entries(figures)) expect(ms, what).toBeLessThan(10);
    if (process.env.CLOUD_FIFO_MESSAGES) console.log(figures);
  });
});
