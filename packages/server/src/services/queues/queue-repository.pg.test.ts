import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.ts';
import { loadRow } from '../../kernel/resource.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type Seeded, seedDatabase, type Tenant } from '../../testing/seed.ts';
import { uniqueWord } from '../../testing/test-api.ts';
import { createPgMoveRepository } from './move-repository.pg.ts';
import { createPgMoveTaskRepository } from './move-task-repository.pg.ts';
import { createPgQueueRepository, type NewQueue } from './queue-repository.pg.ts';
import { DEFAULTS } from './queue-rules.ts';
import { QUEUES } from './queue.ts';
import { BATCH, createPgRemovalRepository, FIRST } from './removal-repository.pg.ts';
import { countMessages, insertMessages, insertQueue } from './testing/queue-world.ts';

let db: Seeded;
let tenant: Tenant;
let other: Tenant;
beforeAll(async () => {
  db = await seedDatabase();
  [tenant, other] = [await db.makeTenant(), await db.makeTenant()];
});
afterAll(() => db.drop());

const asApi = <T>(work: (sql: Sql) => Promise<T>, whose = tenant) => db.api.transaction(whose, work);
const asWorker = <T>(work: (sql: Sql) => Promise<T>) => db.worker.transaction({ tenantId: '*' }, work);
const at = new Date('2026-01-01T00:00:00Z');
const spec = { ...DEFAULTS, dead_letter_queue_id: null, max_receive_count: null, redrive_allow: null };
const newQueue = (more: Partial<NewQueue> = {}): NewQueue => ({
  id: newId(),
  ...tenant,
  name: `q-${uniqueWord()}`,
  arn: 'arn',
  fifo: false,
  labels: {},
  at,
  ...spec,
  ...more,
});
const insert = (queue: NewQueue, whose = tenant) => asApi((sql) => createPgQueueRepository(sql).insert(queue), whose);
const load = async (id: string) => (await asWorker((sql) => loadRow(sql, QUEUES, id)))!;
const firstPage = { limit: 50, after: null };

describe('the repository of queues', () => {
  it('inserts a queue whole, and none with a name that is taken in the tenant by a live one', async () => {
    const dead = newQueue();
    const queue = newQueue({
      name: 'whole.fifo',
      fifo: true,
      labels: { a: 'b' },
      visibility_timeout: 1,
      retention_seconds: 86_401,
      max_message_size: 2_048,
      delay_seconds: 3,
      receive_wait_seconds: 4,
      content_based_deduplication: true,
      deduplication_scope: 'message_group',
      fifo_throughput: 'per_message_group',
      access_policy: '{}',
      dead_letter_queue_id: dead.id,
      max_receive_count: 5,
      redrive_allow: { permission: 'by_queue', source_queue_ids: [dead.id] },
    });
    await insert(dead);
    const { userId, tenantId, at: created, ...columns } = queue;
    const expected = {
      ...columns,
      user_id: userId,
      tenant_id: tenantId,
      created_at: created,
      updated_at: created,
      version: 1,
    };
    expect(await insert(queue)).toMatchObject(expected);
    expect(await load(queue.id)).toMatchObject(expected);
    expect(await insert(newQueue({ name: 'whole.fifo' }))).toBeUndefined();
    expect(await insert(newQueue({ name: 'whole.fifo', ...other }), other)).toBeDefined();
    await db.owner.query('update queues set deleted_at = now() where id = $1', [queue.id]);
    expect(await insert(newQueue({ name: 'whole.fifo' }))).toBeDefined();
  });

  it('rewrites a spec whole, and nothing else', async () => {
    const queue = newQueue({ labels: { a: 'b' } });
    await insert(queue);
    const next = {
      ...spec,
      visibility_timeout: 9,
      retention_seconds: 60,
      redrive_allow: { permission: 'deny_all' } as const,
    };
    const later = new Date(at.getTime() + 1_000);
    const row = await asApi((sql) => createPgQueueRepository(sql).rewrite(queue.id, next, later));
    expect(row).toMatchObject({
      ...next,
      name: queue.name,
      labels: { a: 'b' },
      version: 2,
      created_at: at,
      updated_at: later,
    });
    const { rows } = await db.owner.query('select retention_days from queues where id = $1', [queue.id]);
    expect(rows).toEqual([{ retention_days: 1 }]);
  });

  it('sets labels', async () => {
    const queue = newQueue({ labels: { a: 'b' } });
    await insert(queue);
    const row = await asApi((sql) => createPgQueueRepository(sql).setLabels(queue.id, { c: 'd' }, at));
    expect(row).toMatchObject({ labels: { c: 'd' }, version: 2 });
  });

  it('purges by the clock of the database, once in a minute', async () => {
    const queue = newQueue();
    await insert(queue);
    const purge = () => asApi((sql) => createPgQueueRepository(sql).purge(queue.id));
    const { rows } = await db.owner.query<{ now: Date }>('select clock_timestamp() as now');
    expect(await purge()).toBe(true);
    const { purged_before: purged } = await load(queue.id);
    expect(Math.abs(purged!.getTime() - rows[0]!.now.getTime())).toBeLessThan(5_000);
    expect(await purge()).toBe(false);
    expect((await load(queue.id)).purged_before).toEqual(purged);
    await db.owner.query(`update queues set purged_before = now() - interval '60 s' where id = $1`, [queue.id]);
    expect(await purge()).toBe(true);
  });

  it('takes a dead-letter queue from all that use it', async () => {
    const dead = await insertQueue(db.owner, tenant);
    const uses = await insertQueue(db.owner, tenant, { dead_letter_queue_id: dead, max_receive_count: 2 });
    const unlike = await insertQueue(db.owner, tenant, { dead_letter_queue_id: uses, max_receive_count: 2 });
    await asApi((sql) => createPgQueueRepository(sql).forgetDeadLetterQueue(tenant.tenantId, dead, at));
    expect(await load(uses)).toMatchObject({ dead_letter_queue_id: null, max_receive_count: null, version: 2 });
    expect(await load(unlike)).toMatchObject({ dead_letter_queue_id: uses, version: 1 });
  });

  it('lists by the beginning of a name, whose letters stand for themselves', async () => {
    const someone = await db.makeTenant();
    for (const name of ['a_b', 'a-b', 'aXb', 'a', 'A_c', 'a_a']) await insertQueue(db.owner, someone, { name });
    const list = async (prefix: string, after: string | null = null) =>
      (
        await asApi(
          (sql) => createPgQueueRepository(sql).listByPrefix(someone.tenantId, prefix, { limit: 2, after }),
          someone,
        )
      ).map(({ name }) => name);
    expect(await list('a_')).toEqual(['a_a', 'a_b']);
    expect(await list('a')).toEqual(['a', 'a-b', 'aXb']);
    expect(await list('a', 'a-b')).toEqual(['aXb', 'a_a', 'a_b']);
  });

  it('lists live sources of a dead-letter queue, the newest first', async () => {
    const dead = await insertQueue(db.owner, tenant);
    const uses = { dead_letter_queue_id: dead, max_receive_count: 2 };
    const [one, two] = [await insertQueue(db.owner, tenant, uses), await insertQueue(db.owner, tenant, uses)];
    await insertQueue(db.owner, tenant, { ...uses, deleted_at: at });
    const ids = (after: string | null) =>
      asApi(async (sql) =>
        (await createPgQueueRepository(sql).listSources(tenant.tenantId, dead, { ...firstPage, after })).map(
          ({ id }) => id,
        ),
      );
    expect([await ids(null), await ids(two)]).toEqual([[one, two].sort().reverse(), [one].filter((id) => id < two)]);
  });
});

describe('the repository of redrive tasks', () => {
  const start = (sourceId: string, id = newId()) =>
    asApi((sql) =>
      createPgMoveTaskRepository(sql).insert({ id, ...tenant, sourceId, destinationId: null, maxPerSecond: 7 }),
    );

  it('has one that runs of each queue, finds it within it, lists and cancels it', async () => {
    const [source, elsewhere] = [await insertQueue(db.owner, tenant), await insertQueue(db.owner, tenant)];
    const task = (await start(source))!;
    expect(task).toMatchObject({
      source_queue_id: source,
      status: 'RUNNING',
      moved: 0,
      to_move: 0,
      max_per_second: 7,
      version: 1,
    });
    expect(await start(source)).toBeUndefined();
    const tasks = <T>(work: (repository: ReturnType<typeof createPgMoveTaskRepository>) => Promise<T>) =>
      asApi((sql) => work(createPgMoveTaskRepository(sql)));
    for (const lock of [false, true])
      expect(await tasks((all) => all.find(tenant.tenantId, source, task.id, lock))).toEqual(task);
    expect(await tasks((all) => all.find(tenant.tenantId, elsewhere, task.id, false))).toBeUndefined();
    expect(await tasks((all) => all.cancel(task.id, at))).toMatchObject({
      status: 'CANCELLED',
      version: 2,
      updated_at: at,
    });
    const next = (await start(source))!;
    expect((await tasks((all) => all.list(tenant.tenantId, source, firstPage))).map(({ id }) => id)).toEqual([
      next.id,
      task.id,
    ]);
    expect(
      (await tasks((all) => all.list(tenant.tenantId, source, { limit: 1, after: next.id }))).map(({ id }) => id),
    ).toEqual([task.id]);
  });

  it('is loaded with what has become of its queues, held while it runs, counted and ended', async () => {
    const source = await insertQueue(db.owner, tenant);
    await insertMessages(db.owner, tenant.tenantId, source, 3);
    const { id } = (await start(source))!;
    await asWorker(async (sql) => {
      const moves = createPgMoveRepository(sql);
      expect(await moves.load(newId())).toBeUndefined();
      expect(await moves.load(id)).toMatchObject({
        id,
        fifo: false,
        source_deleted: false,
        destination_deleted: false,
      });
      expect(await moves.hold(id)).toBe(true);
      await moves.count(id);
      await moves.addMoved(id, 2);
      expect(await moves.load(id)).toMatchObject({ moved: 2, to_move: 3 });
      await moves.addMoved(id, 2);
      expect(await moves.load(id)).toMatchObject({ moved: 4, to_move: 4 });
      await moves.end(id, 'FAILED', 'why');
      expect(await moves.load(id)).toMatchObject({ status: 'FAILED', failure_reason: 'why', version: 2 });
      expect(await moves.hold(id)).toBe(false);
    });
  });
});

describe('the repository of removals', () => {
  it('lists all queues that are not deleted, page by page, with those that have expired messages', async () => {
    const [empty, young, over, overFifo, deleted] = [
      await insertQueue(db.owner, tenant),
      await insertQueue(db.owner, tenant, { retention_seconds: 60 }),
      await insertQueue(db.owner, tenant, { retention_seconds: 60 }),
      await insertQueue(db.owner, tenant, { retention_seconds: 60, fifo: true }),
      await insertQueue(db.owner, tenant, { deleted_at: at }),
    ];
    const old = { created_at: `now() - interval '61 s'`, visible_after: `now() - interval '61 s'` };
    await insertMessages(db.owner, tenant.tenantId, young, 1);
    await insertMessages(db.owner, tenant.tenantId, over, 1, old);
    await insertMessages(db.owner, tenant.tenantId, overFifo, 1, {
      ...old,
      visible_after: 'now()',
      sequence_number: '1',
      group_id: `'g'`,
    });
    const page = await asWorker((sql) => createPgRemovalRepository(sql).list('00000000-0000-0000-0000-000000000000'));
    const seen = (id: string) => page.find((one) => one.id === id);
    expect(seen(empty)).toEqual({
      id: empty,
      tenant_id: tenant.tenantId,
      fifo: false,
      is_over: false,
    });
    expect(seen(young)).toMatchObject({ is_over: false });
    expect(seen(over)).toMatchObject({ is_over: true });
    expect(seen(overFifo)).toMatchObject({ fifo: true, is_over: true });
    expect(seen(deleted)).toBeUndefined();
    const ids = page.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    const rest = await asWorker((sql) => createPgRemovalRepository(sql).list(ids[1]!));
    expect(rest.map(({ id }) => id)).toEqual(ids.slice(2));
  });

  it('lists with the same those of which any message has expired, or which have too many to tell', async () => {
    const settings = { retention_seconds: 60 };
    const [young, late, long, fifo] = [
      await insertQueue(db.owner, tenant, settings),
      await insertQueue(db.owner, tenant, settings),
      await insertQueue(db.owner, tenant, settings),
      await insertQueue(db.owner, tenant, { ...settings, fifo: true }),
    ];
    const over = { created_at: `now() - interval '61 s'` };
    await insertMessages(db.owner, tenant.tenantId, young, BATCH - 1);
    await insertMessages(db.owner, tenant.tenantId, late, 3);
    await insertMessages(db.owner, tenant.tenantId, late, 1, over);
    await insertMessages(db.owner, tenant.tenantId, long, BATCH);
    await insertMessages(db.owner, tenant.tenantId, fifo, 1, over);
    const page = await asWorker((sql) =>
      createPgRemovalRepository(sql).listWhole('00000000-0000-0000-0000-000000000000'),
    );
    const found = [young, late, long, fifo].map((id) => page.find((one) => one.id === id)?.is_over);
    expect(found).toEqual([false, true, true, false]);
  });

  it('removes a batch, and says where the next begins, to the microsecond', async () => {
    const id = await insertQueue(db.owner, tenant, { deleted_at: at });
    await insertMessages(db.owner, tenant.tenantId, id, BATCH + 5, {
      visible_after: `timestamptz '2026-01-01T00:00:00Z' + n * interval '1 microsecond'`,
    });
    const remove = (from: string) => asWorker((sql) => createPgRemovalRepository(sql).remove(id, from, false));
    const first = await remove(FIRST);
    expect(first).toMatchObject({ met: BATCH, removed: BATCH });
    expect(first.next).toMatch(/00:00\.001(\+|Z)/);
    expect(await remove(first.next)).toMatchObject({ met: 5, removed: 5 });
    expect(await remove(FIRST)).toEqual({ met: 0, removed: 0, next: FIRST });
    expect(await countMessages(db.owner, id)).toBe(0);
  });

  it('removes messages without a time and parts of a queue, and ends it when it is empty', async () => {
    const id = await insertQueue(db.owner, tenant, { deleted_at: at });
    await insertMessages(db.owner, tenant.tenantId, id, 2, { visible_after: 'null' });
    await db.owner.query(
      `insert into queue_groups (tenant_id, queue_id, group_id, head, available_at) values ($1, $2, 'g', 1, now())`,
      [tenant.tenantId, id],
    );
    await asWorker(async (sql) => {
      const removal = createPgRemovalRepository(sql);
      expect(await removal.end(id)).toBe(false);
      expect(await removal.removeHidden(id)).toBe(2);
      expect([await removal.removePart('queue_groups', id), await removal.removePart('queue_groups', id)]).toEqual([
        1, 0,
      ]);
      expect(await removal.end(id)).toBe(true);
    });
  });

  it('shows messages without a time, a batch at a time', async () => {
    const id = await insertQueue(db.owner, tenant);
    await insertMessages(db.owner, tenant.tenantId, id, BATCH + 1, { visible_after: 'null' });
    const show = () => asWorker((sql) => createPgRemovalRepository(sql).show());
    expect([await show(), await show(), await show()]).toEqual([[id], [id], []]);
  });
});
