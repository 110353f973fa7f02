import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import type { Outcome } from '../../kernel/reconcile.ts';
import { passOver } from '../../testing/pass.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { createPgMoveTaskRepository } from './move-task-repository.pg.ts';
import type { MoveTaskRow } from './move-task.ts';
import { createMoveReconciler } from './reconcile-move-task.ts';
import { countMessages, insertMessages, insertQueue } from './testing/queue-world.ts';

let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const queue = (more: Readonly<Record<string, unknown>> = {}) => insertQueue(db.owner, tenant, more);
const messages = (id: string, count: number, more: Readonly<Record<string, string>> = {}) =>
  insertMessages(db.owner, tenant.tenantId, id, count, more);
const count = (id: string) => countMessages(db.owner, id);
const bodies = async (id: string) =>
  (
    await db.owner.query<{ body: string }>('select body from queue_messages where queue_id = $1 order by body', [id])
  ).rows.map(({ body }) => body);

/** A task that runs, begun by a statement of its own after what is in the queue. */
const begin = async (sourceId: string, destinationId: string | null = null, maxPerSecond: number | null = null) =>
  (await db.api.transaction(tenant, (sql) =>
    createPgMoveTaskRepository(sql).insert({ id: newId(), ...tenant, sourceId, destinationId, maxPerSecond }),
  ))!;
const task = async ({ id, source_queue_id: source }: MoveTaskRow) =>
  (await db.api.transaction(tenant, (sql) =>
    createPgMoveTaskRepository(sql).find(tenant.tenantId, source, id, false),
  ))!;
const reconciler = createMoveReconciler({ clock: systemClock });
const passOnce = (id: string) => reconciler.pass(passOver(db.worker, { id, tenantId: tenant.tenantId }));
async function passToTheEnd(id: string): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    const outcome: Outcome = await passOnce(id);
    if (outcome.kind === 'gone') return;
    if (outcome.kind === 'again') await new Promise((resolve) => setTimeout(resolve, outcome.ms));
  }
  throw new Error('200 passes did not end it');
}
const events = async (queueId: string) =>
  (
    await db.owner.query<{ event_type: string; metadata: unknown }>(
      'select event_type, metadata from events where resource_id = $1 order by seq',
      [queueId],
    )
  ).rows;
/** Runs while a listener hears the queues' channel; answers the payloads. */
async function hearing(work: () => Promise<void>): Promise<readonly (string | undefined)[]> {
  const listener = await db.owner.connect();
  const heard: (string | undefined)[] = [];
  listener.on('notification', ({ payload }) => heard.push(payload));
  await listener.query('listen cloud_queues');
  await work();
  await listener.query('select 1');
  await listener.query('unlisten cloud_queues');
  listener.release();
  return heard;
}

describe('a redrive task of a standard queue', () => {
  it('moves each message to the queue from which it came, as new there, and tells who waits', async () => {
    const [one, two, dead] = [await queue(), await queue(), await queue()];
    const old = {
      created_at: `now() - interval '1 day'`,
      received_count: '7',
      receipt_handle: `gen_random_uuid()::text`,
    };
    await messages(dead, 3, { ...old, body: `'one' || n`, dead_letter_source: `'${one}'::uuid` });
    await messages(dead, 2, { ...old, body: `'two' || n`, dead_letter_source: `'${two}'::uuid` });
    const begun = await begin(dead);
    const heard = await hearing(() => passToTheEnd(begun.id));
    expect(await task(begun)).toMatchObject({
      status: 'COMPLETED',
      moved: 5,
      to_move: 5,
      failure_reason: null,
      version: 2,
    });
    expect([await bodies(one), await bodies(two), await count(dead)]).toEqual([
      ['one1', 'one2', 'one3'],
      ['two1', 'two2'],
      0,
    ]);
    const { rows } = await db.owner.query(
      `select distinct received_count, receipt_handle, dead_letter_source, visible_after <= now() as visible, created_at > now() - interval '1 hour' as young
       from queue_messages where queue_id = any ($1)`,
      [[one, two]],
    );
    expect(rows).toEqual([
      { received_count: 0, receipt_handle: null, dead_letter_source: null, visible: true, young: true },
    ]);
    expect(heard.flatMap((payload) => payload!.trim().split(' ')).sort()).toEqual([one, two].sort());
    expect(await events(dead)).toEqual([
      { event_type: 'QUEUE_REDRIVE_COMPLETED', metadata: { task: begun.id, moved: 5 } },
    ]);
  });

  it('moves all to the destination, also what was sent to the queue itself', async () => {
    const [dead, destination] = [await queue(), await queue()];
    await messages(dead, 1_200);
    const begun = await begin(dead, destination);
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 1_200, to_move: 1_200 });
    expect([await count(dead), await count(destination)]).toEqual([0, 1_200]);
  });

  it('moves what was visible when it began, so that it ends: not what is in flight, was sent later, expired or was purged', async () => {
    const [dead, destination] = [await queue({ retention_seconds: 3_600 }), await queue()];
    await messages(dead, 2, { body: `'moved'` });
    await messages(dead, 1, { body: `'flying'`, visible_after: `now() + interval '1 h'`, received_count: '1' });
    await messages(dead, 1, {
      body: `'expired'`,
      created_at: `now() - interval '2 h'`,
      visible_after: `now() - interval '2 h'`,
    });
    const begun = await begin(dead, destination);
    await messages(dead, 1, { body: `'later'` });
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 2, to_move: 2 });
    expect([await bodies(dead), await bodies(destination)]).toEqual([
      ['expired', 'flying', 'later'],
      ['moved', 'moved'],
    ]);
  });

  it('passes over many expired messages of the same moment', async () => {
    const [dead, destination] = [await queue({ retention_seconds: 3_600 }), await queue()];
    const over = { created_at: `now() - interval '2 h'`, visible_after: `now() - interval '2 h'` };
    await messages(dead, 1_700, over);
    await messages(dead, 3);
    const begun = await begin(dead, destination);
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 3 });
  });

  it.each([
    ['deleted', async () => queue({ deleted_at: new Date() })],
    ['gone', async () => newId()],
    ['not known', async () => undefined],
    ['this very queue', async (dead: string) => dead],
  ])('fails where the queue of some messages is %s, and moves the others', async (_, makeSource) => {
    const [source, dead] = [await queue(), await queue()];
    const lost = await makeSource(dead);
    await messages(dead, 2, { dead_letter_source: `'${source}'::uuid` });
    await messages(dead, 1, { dead_letter_source: lost === undefined ? 'null' : `'${lost}'::uuid` });
    const begun = await begin(dead);
    await passToTheEnd(begun.id);
    const ended = await task(begun);
    expect(ended).toMatchObject({ status: 'FAILED', moved: 2 });
    expect(ended.failure_reason).toMatch(/^1 or more messages have no queue to go back to/);
    expect([await count(source), await count(dead)]).toEqual([2, 1]);
    expect(await events(dead)).toMatchObject([
      { event_type: 'QUEUE_REDRIVE_FAILED', metadata: { task: begun.id, moved: 2 } },
    ]);
  });

  it('fails when its queue or its destination is deleted', async () => {
    for (const doomed of [0, 1]) {
      const queues = [await queue(), await queue()] as const;
      await messages(queues[0], 1);
      const begun = await begin(queues[0], queues[1]);
      await db.owner.query('update queues set deleted_at = now() where id = $1', [queues[doomed]]);
      await passToTheEnd(begun.id);
      expect(await task(begun)).toMatchObject({
        status: 'FAILED',
        moved: 0,
        failure_reason: expect.stringMatching('deleted'),
      });
    }
  });

  it('moves nothing after it was cancelled', async () => {
    const [dead, destination] = [await queue(), await queue()];
    await messages(dead, 10);
    const begun = await begin(dead, destination, 4);
    expect(await passOnce(begun.id)).toMatchObject({ kind: 'again' });
    await db.api.transaction(tenant, (sql) => createPgMoveTaskRepository(sql).cancel(begun.id, new Date()));
    expect(await passOnce(begun.id)).toEqual({ kind: 'gone' });
    expect(await task(begun)).toMatchObject({ status: 'CANCELLED', moved: 1, to_move: 10 });
    expect([await count(dead), await count(destination)]).toEqual([9, 1]);
  });

  it('moves no more than so many a second', async () => {
    const [dead, destination] = [await queue(), await queue()];
    await messages(dead, 30);
    const begun = await begin(dead, destination, 20);
    const started = performance.now();
    const moments: number[] = [];
    for (let outcome = await passOnce(begun.id); outcome.kind === 'again'; outcome = await passOnce(begun.id)) {
      moments.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, outcome.ms));
    }
    // Steps of five.
    expect(moments).toHaveLength(6);
    expect(moments[4]! - moments[0]!).toBeGreaterThanOrEqual(990);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 30 });
  });

  it('goes on after it was cut off at any moment, and loses and doubles nothing', async () => {
    const [dead, destination] = [await queue(), await queue()];
    await messages(dead, 3_000, { visible_after: `now() - n * interval '1 ms'` });
    const begun = await begin(dead, destination);
    for (let cut = 0; cut < 12; cut++) {
      // Each statement of a batch, and the commit, is a place where the backend may die.
      const plain = passOver(db.worker, { id: begun.id, tenantId: tenant.tenantId });
      let statements = 0;
      const cutOff = async () => {
        if (statements++ < cut) return;
        throw new Error('cut off');
      };
      const outcome = await reconciler
        .pass({
          ...plain,
          commit: (work) =>
            plain.commit(async (sql) => {
              const result = await work({
                query: async (name, text, values) => {
                  await cutOff();
                  return sql.query(name, text, values);
                },
              });
              await cutOff();
              return result;
            }),
        })
        .catch((error: Error) => error.message);
      expect(outcome).toBe('cut off');
      const now = await task(begun);
      expect([await count(dead), await count(destination)]).toEqual([3_000 - now.moved, now.moved]);
    }
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 3_000, to_move: 3_000 });
    const { rows } = await db.owner.query(
      'select count(distinct body)::int as bodies from queue_messages where queue_id = $1',
      [destination],
    );
    expect(rows).toEqual([{ bodies: 3_000 }]);
  });

  it('comes back to messages that somebody holds', async () => {
    const [dead, destination] = [await queue(), await queue()];
    await messages(dead, 3);
    const begun = await begin(dead, destination);
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query('select from queue_messages where queue_id = $1 limit 1 for update', [dead]);
    expect(await passOnce(begun.id)).toMatchObject({ kind: 'again' });
    expect([await count(dead), await count(destination)]).toEqual([1, 2]);
    await holder.query('commit');
    holder.release();
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 3 });
  });

  it('keeps to its rate while somebody holds messages', async () => {
    const [dead, destination] = [await queue(), await queue()];
    await messages(dead, 2);
    const begun = await begin(dead, destination, 5);
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query('select from queue_messages where queue_id = $1 limit 1 for update', [dead]);
    const outcome = await passOnce(begun.id);
    await holder.query('commit');
    holder.release();
    expect(await task(begun)).toMatchObject({ status: 'RUNNING', moved: 1 });
    expect(outcome).toMatchObject({ kind: 'again', ms: 200 });
  });
});

describe('a redrive task of a FIFO queue', () => {
  it('does not end before all expired messages are removed that hold up a group', async () => {
    const [dead, destination] = [await queue({ fifo: true, retention_seconds: 3_600 }), await queue({ fifo: true })];
    await db.owner.query(
      `select from (select array_agg(n::text) as bodies, count(*)::int as n from generate_series(1, 2500) as n) as new,
         fifo_send($1, $2, (select array_agg(gen_random_uuid()) from generate_series(1, n)), bodies, array_fill(null::text, array[n]),
           array_fill(null::text, array[n]), array_fill(1, array[n]), array_fill($3::uuid, array[n]), array_fill(0, array[n]),
           array_fill('a'::text, array[n]), bodies)`,
      [tenant.tenantId, dead, tenant.userId],
    );
    await db.owner.query(
      `update queue_messages set created_at = now() - interval '2 h' where queue_id = $1 and body <> '2500'`,
      [dead],
    );
    const begun = await begin(dead, destination);
    let now = 0;
    const hurried = createMoveReconciler({ clock: { ...systemClock, monotonic: () => (now += 10_000) } });
    const pass = passOver(db.worker, { id: begun.id, tenantId: tenant.tenantId });
    for (let turn = 0; turn < 20; turn++) if ((await hurried.pass(pass)).kind === 'gone') break;
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 1 });
    expect([await bodies(destination), await count(dead)]).toEqual([['2500'], 0]);
  });

  const send = (id: string, group: string, body: string) =>
    db.owner.query(
      `select from fifo_send($1, $2, array[gen_random_uuid()], array[$5], '{null}', '{null}', '{1}', array[$3]::uuid[], '{0}', array[$4], array[$5])`,
      [tenant.tenantId, id, tenant.userId, group, body],
    );
  const inOrder = async (id: string) =>
    (
      await db.owner.query<{ body: string }>(
        'select body from queue_messages where queue_id = $1 order by sequence_number',
        [id],
      )
    ).rows.map(({ body }) => body);

  it('keeps the order within each group, behind what the destination has', async () => {
    const [dead, source] = [await queue({ fifo: true }), await queue({ fifo: true })];
    await send(source, 'a', 'a0');
    for (const body of ['a1', 'b1', 'a2', 'b2', 'a3']) await send(dead, body[0]!, body);
    await db.owner.query('update queue_messages set dead_letter_source = $2 where queue_id = $1', [dead, source]);
    const begun = await begin(dead);
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 5, to_move: 5 });
    const order = await inOrder(source);
    expect(order.filter((body) => body.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3']);
    expect(order.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
    expect(await count(dead)).toBe(0);
  });

  it('removes an expired message that would hold up its group', async () => {
    const [dead, destination] = [await queue({ fifo: true, retention_seconds: 3_600 }), await queue({ fifo: true })];
    for (const body of ['a1', 'a2']) await send(dead, 'a', body);
    await db.owner.query(
      `update queue_messages set created_at = now() - interval '2 h' where queue_id = $1 and body = 'a1'`,
      [dead],
    );
    const begun = await begin(dead, destination);
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 1 });
    expect([await inOrder(destination), await count(dead)]).toEqual([['a2'], 0]);
  });

  it('fails where messages have no queue to go back to', async () => {
    const dead = await queue({ fifo: true });
    await send(dead, 'a', 'a1');
    const begun = await begin(dead);
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'FAILED', moved: 0 });
    expect(await count(dead)).toBe(1);
  });

  it('waits while somebody works on the destination', async () => {
    const [dead, destination] = [await queue({ fifo: true }), await queue({ fifo: true })];
    await send(dead, 'a', 'a1');
    const begun = await begin(dead, destination);
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query(`select pg_advisory_xact_lock(hashtextextended('queue:' || $1::uuid, 0))`, [destination]);
    expect(await passOnce(begun.id)).toMatchObject({ kind: 'again' });
    await holder.query('commit');
    holder.release();
    await passToTheEnd(begun.id);
    expect(await task(begun)).toMatchObject({ status: 'COMPLETED', moved: 1 });
  });
});
