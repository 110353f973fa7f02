import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { passOver } from '../../testing/pass.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { createRemovalReconciler, removeAllExpired, removeExpired } from './reconcile-removal.ts';
import { createPgRemovalRepository, FIRST } from './removal-repository.pg.ts';
import { countMessages, insertMessages, insertQueue } from './testing/queue-world.ts';

let db: Seeded;
let tenant: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  tenant = await db.makeTenant();
});
afterAll(() => db.drop());

const asWorker = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);
const queue = (more: Readonly<Record<string, unknown>> = {}) => insertQueue(db.owner, tenant, more);
const messages = (id: string, count: number, more: Readonly<Record<string, string>> = {}) =>
  insertMessages(db.owner, tenant.tenantId, id, count, more);
const count = (id: string) => countMessages(db.owner, id);
const isThere = async (id: string) => (await db.owner.query('select from queues where id = $1', [id])).rowCount === 1;
const bodies = async (id: string) =>
  (
    await db.owner.query<{ body: string }>('select body from queue_messages where queue_id = $1 order by body', [id])
  ).rows.map(({ body }) => body);
const quiet = new AbortController().signal;

/** Passes over a queue until there is nothing more to do. Answers the milliseconds of each transaction. */
async function passToTheEnd(id: string): Promise<readonly number[]> {
  const took: number[] = [];
  const plain = passOver(db.worker, { id, tenantId: tenant.tenantId });
  const pass: typeof plain = {
    ...plain,
    async commit(work) {
      const began = performance.now();
      const result = await plain.commit(work);
      took.push(performance.now() - began);
      return result;
    },
  };
  const reconciler = createRemovalReconciler({ clock: systemClock });
  for (let turn = 0; turn < 200; turn++) if ((await reconciler.pass(pass)).kind === 'gone') return took;
  throw new Error('200 passes did not end it');
}

describe('the deletion of a queue', () => {
  it('removes 100,000 messages in many short transactions, and then the queue', async () => {
    const id = await queue({ deleted_at: new Date() });
    await messages(id, 100_000, { visible_after: `now() - n * interval '1 ms'` });
    const took = await passToTheEnd(id);
    expect([await count(id), await isThere(id)]).toEqual([0, false]);
    expect(took.length).toBeGreaterThanOrEqual(50);
    expect(Math.max(...took)).toBeLessThan(5_000);
  }, 60_000);

  it('removes messages in flight, delayed, without a time, and many that became visible at the same moment', async () => {
    const id = await queue({ deleted_at: new Date() });
    await messages(id, 5_000);
    await messages(id, 10, { visible_after: `now() + interval '1 hour'`, received_count: '1' });
    await messages(id, 10, { visible_after: 'null' });
    await passToTheEnd(id);
    expect(await isThere(id)).toBe(false);
  });

  it('removes no more than 16 MiB of messages at a time', async () => {
    const id = await queue({ deleted_at: new Date() });
    await messages(id, 40, { size: String(1 << 20), visible_after: `now() - n * interval '1 s'` });
    const { removed } = await asWorker((sql) => createPgRemovalRepository(sql).remove(id, FIRST, false));
    expect(removed).toBe(16);
    await passToTheEnd(id);
    expect(await isThere(id)).toBe(false);
  });

  it('waits for messages that somebody holds, and lets nothing of another queue go', async () => {
    const [id, other] = [await queue({ deleted_at: new Date() }), await queue()];
    await messages(id, 3);
    await messages(other, 3);
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query('select from queue_messages where queue_id = $1 limit 1 for update', [id]);
    const reconciler = createRemovalReconciler({ clock: systemClock });
    const outcome = await reconciler.pass(passOver(db.worker, { id, tenantId: tenant.tenantId }));
    expect(outcome).toMatchObject({ kind: 'again' });
    expect([await count(id), await isThere(id)]).toEqual([1, true]);
    await holder.query('commit');
    holder.release();
    await passToTheEnd(id);
    expect([await isThere(id), await count(other)]).toEqual([false, 3]);
  });

  it('removes the groups and deduplications of a FIFO queue', async () => {
    const id = await queue({ fifo: true, deleted_at: null });
    await db.owner.query(
      `select from fifo_send($1, $2, array[gen_random_uuid(), gen_random_uuid()], '{a,b}', '{null,null}', '{null,null}', '{1,1}', array[$3, $3]::uuid[], '{0,0}', '{g,h}', '{1,2}')`,
      [tenant.tenantId, id, tenant.userId],
    );
    expect(await count(id)).toBe(2);
    await db.owner.query('update queues set deleted_at = now() where id = $1', [id]);
    await passToTheEnd(id);
    expect(await isThere(id)).toBe(false);
  });

  it('leaves a queue that is not deleted', async () => {
    const id = await queue();
    await messages(id, 3);
    await passToTheEnd(id);
    expect(await count(id)).toBe(3);
    expect(await asWorker((sql) => createPgRemovalRepository(sql).end(id))).toBe(false);
    expect(
      await createRemovalReconciler({ clock: systemClock }).pass(
        passOver(db.worker, { id: newId(), tenantId: tenant.tenantId }),
      ),
    ).toEqual({ kind: 'gone' });
  });
});

describe('a purge', () => {
  it('removes what was sent before it, in flight or not, and nothing that was sent later', async () => {
    const id = await queue({ purged_before: new Date(Date.now() - 60_000) });
    await messages(id, 30_000, { created_at: `now() - interval '2 minutes'`, body: `'old'` });
    await messages(id, 5, {
      created_at: `now() - interval '2 minutes'`,
      visible_after: `now() + interval '1 hour'`,
      body: `'held'`,
    });
    await messages(id, 5, { created_at: `now() - interval '30 seconds'`, body: `'new'` });
    await passToTheEnd(id);
    expect(await bodies(id)).toEqual(Array(5).fill('new'));
  });

  it('takes short transactions although PostgreSQL plans for a table without rows', async () => {
    await db.owner.query('alter table queue_messages set (autovacuum_enabled = off)');
    await messages(await queue(), 20_000);
    await db.owner.query('delete from queue_messages');
    await db.owner.query('analyze queue_messages');
    const id = await queue({ purged_before: new Date(Date.now() - 60_000) });
    await messages(id, 20_000, { created_at: `now() - interval '2 minutes'` });
    // Some 10 ms each; seconds with a plan that compares every message with every other one.
    expect(Math.max(...(await passToTheEnd(id)))).toBeLessThan(1_000);
    expect(await count(id)).toBe(0);
    await db.owner.query('alter table queue_messages reset (autovacuum_enabled)');
  });

  it('ends although a pass is too short to look at all messages that stay', async () => {
    const old = { created_at: `now() - interval '2 minutes'`, body: `'old'` };
    const id = await queue({ purged_before: new Date(Date.now() - 60_000) });
    await messages(id, 5_000, { visible_after: `now() - n * interval '1 ms'`, body: `'new'` });
    await messages(id, 5, { ...old, visible_after: `now() + interval '1 hour'` });
    let now = 0;
    const reconciler = createRemovalReconciler({ clock: { ...systemClock, monotonic: () => (now += 10_000) } });
    const passUntilGone = async () => {
      for (let turn = 0; turn < 20; turn++)
        if ((await reconciler.pass(passOver(db.worker, { id, tenantId: tenant.tenantId }))).kind === 'gone') return;
      throw new Error('20 passes did not end it');
    };
    await passUntilGone();
    expect(await count(id)).toBe(5_000);
    // A purge in the midst of another one begins at the front.
    await messages(id, 5, { ...old, visible_after: `now() + interval '1 hour'` });
    await reconciler.pass(passOver(db.worker, { id, tenantId: tenant.tenantId }));
    await db.owner.query('update queues set purged_before = clock_timestamp() where id = $1', [id]);
    await passUntilGone();
    expect(await count(id)).toBe(0);
  });

  it('removes the messages of a FIFO queue and frees their groups', async () => {
    const id = await queue({ fifo: true });
    const send = (body: string) =>
      db.owner.query(
        `select from fifo_send($1, $2, array[gen_random_uuid()], array[$4], '{null}', '{null}', '{1}', array[$3]::uuid[], '{0}', '{g}', array[$4])`,
        [tenant.tenantId, id, tenant.userId, body],
      );
    await send('old');
    await db.owner.query('update queues set purged_before = clock_timestamp() where id = $1', [id]);
    await send('new');
    await passToTheEnd(id);
    expect(await bodies(id)).toEqual(['new']);
    const { rows } = await db.owner.query(
      `select g.head = m.sequence_number as heads from queue_groups g join queue_messages m using (queue_id) where queue_id = $1`,
      [id],
    );
    expect(rows).toEqual([{ heads: true }]);
  });
});

describe('the end of retention', () => {
  it('removes messages that are older than their queue keeps them, and no other', async () => {
    const [short, long] = [await queue({ retention_seconds: 60 }), await queue()];
    for (const id of [short, long]) {
      await messages(id, 3_000, {
        body: `'a'`,
        created_at: `now() - interval '61 s'`,
        visible_after: `now() - interval '61 s'`,
      });
      await messages(id, 2, {
        body: `'b'`,
        created_at: `now() - interval '50 s'`,
        visible_after: `now() - interval '50 s'`,
      });
    }
    await removeExpired(asWorker, quiet);
    expect([await count(short), await count(long)]).toEqual([2, 3_002]);
  });

  it('counts the days of a queue that the guide made, and a retention that was shortened', async () => {
    const guide = await queue({ retention_days: 1 });
    await messages(guide, 1, {
      created_at: `now() - interval '25 hours'`,
      visible_after: `now() - interval '25 hours'`,
    });
    await messages(guide, 1, {
      created_at: `now() - interval '23 hours'`,
      visible_after: `now() - interval '23 hours'`,
    });
    await removeExpired(asWorker, quiet);
    expect(await count(guide)).toBe(1);
    await db.owner.query('update queues set retention_seconds = 3600 where id = $1', [guide]);
    await removeExpired(asWorker, quiet);
    expect(await count(guide)).toBe(0);
  });

  it('removes in the longer sweep what was received or came into a dead-letter queue before it expired', async () => {
    const id = await queue({ retention_seconds: 60 });
    const over = { created_at: `now() - interval '90 s'` };
    await messages(id, 2, {
      ...over,
      body: `'received'`,
      visible_after: `now() + interval '1 hour'`,
      received_count: '1',
    });
    await messages(id, 2, { ...over, body: `'came'`, visible_after: `now() - interval '10 s'` });
    await messages(id, 2, { body: `'young'`, created_at: `now() - interval '30 s'` });
    await removeExpired(asWorker, quiet);
    expect(await count(id)).toBe(6);
    await removeAllExpired(asWorker, quiet);
    expect(await bodies(id)).toEqual(['young', 'young']);
  });

  it('removes those of a FIFO queue, in flight or not', async () => {
    const id = await queue({ fifo: true, retention_seconds: 60 });
    for (const body of ['a', 'b'])
      await db.owner.query(
        `select from fifo_send($1, $2, array[gen_random_uuid()], array[$4], '{null}', '{null}', '{1}', array[$3]::uuid[], '{0}', '{g}', array[$4])`,
        [tenant.tenantId, id, tenant.userId, body],
      );
    await db.owner.query(
      `update queue_messages set created_at = now() - interval '61 s', visible_after = now() + interval '1 h' where queue_id = $1 and body = 'a'`,
      [id],
    );
    await removeExpired(asWorker, quiet);
    expect(await bodies(id)).toEqual(['b']);
  });

  it('makes messages visible that were inserted without a time, and tells who waits', async () => {
    const id = await queue();
    await messages(id, 3, { visible_after: 'null' });
    const listener = await db.owner.connect();
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('listen cloud_queues');
    await removeExpired(asWorker, quiet);
    await listener.query('select 1');
    await listener.query('unlisten cloud_queues');
    listener.release();
    expect(heard).toEqual([` ${id}`]);
    const { rows } = await db.owner.query('select from queue_messages where queue_id = $1 and visible_after <= now()', [
      id,
    ]);
    expect(rows).toHaveLength(3);
  });

  it('stops when the worker stops', async () => {
    const id = await queue({ retention_seconds: 60 });
    await messages(id, 3, { created_at: `now() - interval '61 s'`, visible_after: `now() - interval '61 s'` });
    await expect(removeExpired(asWorker, AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('stops');
    expect(await count(id)).toBe(3);
  });
});
