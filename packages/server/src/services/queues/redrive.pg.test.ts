import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { expectRefused, type Input, queueCalls, queueName } from './testing/queue-calls.ts';

// Purging and deleting queues, dead-letter queues and redrive tasks, as the wire shows them, with the worker's passes.

const { api, owner, database } = await setUpApi();
const { call, make, fifo, eventsOf, auditOf, work } = queueCalls(api, owner, database);

describe('dead-letter queues', () => {
  it('are named by id or by name, must exist, and are of the same type', async () => {
    const dead = await make();
    for (const ref of [dead.id, dead.name])
      expect(await make({ dead_letter_queue_id: ref, max_receive_count: 3 })).toMatchObject({
        dead_letter_queue_id: dead.id,
        max_receive_count: 3,
      });
    const with_ = (ref: string, more: Input = {}) =>
      call('create', { name: queueName(), dead_letter_queue_id: ref, max_receive_count: 3, ...more });
    expectRefused(await with_('nowhere'), 404, 'NOT_FOUND', "queue 'nowhere' does not exist");
    expectRefused(await with_((await make({}, await api.makeActor())).id), 404, 'NOT_FOUND', 'does not exist');
    expectRefused(await with_((await fifo()).id), 400, 'INVALID_INPUT', 'is a FIFO queue');
    expectRefused(
      await call('create', { name: queueName('.fifo'), dead_letter_queue_id: dead.id, max_receive_count: 3 }),
      400,
      'INVALID_INPUT',
      'is a standard queue',
    );
    expectRefused(
      await call('create', { name: queueName(), dead_letter_queue_id: dead.id }),
      400,
      'INVALID_INPUT',
      'needs max_receive_count',
    );
    expectRefused(
      await call('create', { name: queueName(), max_receive_count: 3 }),
      400,
      'INVALID_INPUT',
      'needs a dead-letter queue',
    );
    const own = await make();
    expectRefused(
      await call('update', { id: own.id, dead_letter_queue_id: own.id, max_receive_count: 3 }),
      400,
      'INVALID_INPUT',
      'its own',
    );
  });

  it('choose who may use them', async () => {
    const [source, other] = [await make(), await make()];
    const dead = await make({ redrive_allow: { permission: 'by_queue', source_queue_ids: [source.name, source.id] } });
    expect(dead.redrive_allow).toEqual({ permission: 'by_queue', source_queue_ids: [source.id] });
    const use = (id: string) => call('update', { id, dead_letter_queue_id: dead.id, max_receive_count: 1 });
    expect((await use(source.id)).status).toBe(200);
    expectRefused(await use(other.id), 400, 'INVALID_INPUT', `does not let '${other.name}' use it`);
    expect(
      (await call('update', { id: dead.id, redrive_allow: { permission: 'deny_all' } })).data.redrive_allow,
    ).toEqual({ permission: 'deny_all' });
    expectRefused(await use(source.id), 400, 'INVALID_INPUT', 'does not let');
    expect((await call('update', { id: dead.id, redrive_allow: null })).data).not.toHaveProperty('redrive_allow');
    expect((await use(other.id)).status).toBe(200);
    expectRefused(
      await call('update', { id: dead.id, redrive_allow: { permission: 'by_queue' } }),
      400,
      'INVALID_INPUT',
      'needs source_queue_ids',
    );
    expectRefused(
      await call('update', { id: dead.id, redrive_allow: { permission: 'allow_all', source_queue_ids: [source.id] } }),
      400,
      'INVALID_INPUT',
      'takes no source_queue_ids',
    );
    expectRefused(
      await call('update', { id: dead.id, redrive_allow: { permission: 'by_queue', source_queue_ids: ['nowhere'] } }),
      404,
      'NOT_FOUND',
      'nowhere',
    );
  });

  it('list who uses them, page by page, the newest first', async () => {
    const dead = await make();
    const sources = [];
    for (let n = 0; n < 3; n++) sources.unshift(await make({ dead_letter_queue_id: dead.id, max_receive_count: 1 }));
    await call('delete', { id: sources[0].id });
    const first = await call('deadLetterSources', { id: dead.name, limit: 1 });
    expect(first.data.map((one: Input) => one['id'])).toEqual([sources[1].id]);
    const second = await call('deadLetterSources', { id: dead.id, cursor: first.meta.next_cursor });
    expect(second.data.map((one: Input) => one['id'])).toEqual([sources[2].id]);
  });

  it('may be deleted, and are taken from the queues that use them at once', async () => {
    const dead = await make();
    const source = await make({ dead_letter_queue_id: dead.id, max_receive_count: 1 });
    expect((await call('delete', { id: dead.id })).status).toBe(200);
    const { data } = await call('get', { id: source.id });
    expect(data).not.toHaveProperty('dead_letter_queue_id');
    expect(data).not.toHaveProperty('max_receive_count');
    expect(data.version).toBe(2);
    await work('queue', dead.id);
    expect((await call('get', { id: dead.id })).status).toBe(404);
  });
});

describe('purging a queue', () => {
  it('hides what was sent before at once, removes it, and may be repeated after a minute', async () => {
    const queue = await make();
    const send = () => call('send', { id: queue.id, body: 'hello' });
    const receive = async () => (await call('receive', { id: queue.id, max_messages: 10 })).data;
    await send();
    expect((await call('purge', { id: queue.id })).status).toBe(204);
    await send();
    expect(await receive()).toHaveLength(1);
    expect(await receive()).toHaveLength(0);
    expectRefused(await call('purge', { id: queue.id }), 409, 'PURGE_IN_PROGRESS', 'less than 60 s ago');
    await work('queue', queue.id);
    const { rows } = await api.owner.query('select from queue_messages where queue_id = $1', [queue.id]);
    expect(rows).toHaveLength(1);
    await api.owner.query(`update queues set purged_before = purged_before - interval '60 s' where id = $1`, [
      queue.id,
    ]);
    expect((await call('purge', { id: queue.id })).status).toBe(204);
    expect((await call('get', { id: queue.id })).data.version).toBe(1);
    expect(await eventsOf(queue.id)).toEqual(['QUEUE_CREATED', 'QUEUE_PURGED', 'QUEUE_PURGED']);
    expect(await auditOf(queue.id)).toEqual(['queue.create', 'queue.purge', 'queue.purge']);
  });
});

describe('deleting a queue', () => {
  it('frees its name at once, and ends with its messages', async () => {
    const queue = await make();
    await call('send', { id: queue.id, body: 'hello' });
    expect((await call('delete', { id: queue.name })).data).toEqual({
      message: `queue '${queue.name}' is being deleted`,
    });
    expect((await call('get', { id: queue.id })).data.status).toBe('DELETING');
    expect((await call('get', { id: queue.name })).status).toBe(404);
    expectRefused(await call('purge', { id: queue.id }), 409, 'CONFLICT', 'is being deleted');
    const next = await make({ name: queue.name });
    expect((await call('receive', { id: queue.name })).data).toEqual([]);
    await work('queue', queue.id);
    expect((await call('get', { id: queue.id })).status).toBe(404);
    expect((await call('get', { id: queue.name })).data.id).toBe(next.id);
    expect(await eventsOf(queue.id)).toEqual(['QUEUE_CREATED', 'QUEUE_DELETED']);
  });

  it('is needed before its tenant can be closed', async () => {
    const actor = await api.makeActor();
    await make({}, actor);
    const answer = await api.call('tenants.close', { id: actor.tenantId, confirm: 'A tenant' }, actor);
    expectRefused(answer, 409, 'CONFLICT', '1 queue');
  });
});

describe('moving messages back', () => {
  const deadLetters = async () => {
    const dead = await make();
    const source = await make({ dead_letter_queue_id: dead.id, max_receive_count: 1, visibility_timeout: 0 });
    await call('send', { id: source.id, body: 'poison' });
    expect((await call('receive', { id: source.id })).data).toHaveLength(1);
    expect((await call('receive', { id: source.id })).data).toHaveLength(0);
    return { dead, source };
  };

  it('starts a task, which the worker carries out, and which shows how far it is', async () => {
    const { dead, source } = await deadLetters();
    const started = await call('redrive', { id: dead.name });
    expect([started.status, started.data]).toMatchObject([
      202,
      { source_queue_id: dead.id, status: 'RUNNING', moved: 0, to_move: 0, version: 1 },
    ]);
    expectRefused(await call('redrive', { id: dead.id }), 409, 'CONFLICT', 'a task is moving messages');
    await work('queue_move_task', started.data.id);
    const tasks = await call('redriveTasks', { id: dead.id });
    expect(tasks.data).toMatchObject([{ id: started.data.id, status: 'COMPLETED', moved: 1, to_move: 1, version: 2 }]);
    expect((await call('receive', { id: source.id })).data).toMatchObject([{ body: 'poison', received_count: 1 }]);
    expectRefused(
      await call('cancelRedrive', { id: dead.id, task: started.data.id }),
      409,
      'CONFLICT',
      'it is COMPLETED',
    );
    expect(await eventsOf(dead.id)).toEqual(['QUEUE_CREATED', 'QUEUE_REDRIVE_STARTED', 'QUEUE_REDRIVE_COMPLETED']);
  });

  it('goes to a destination of the same type', async () => {
    const { dead } = await deadLetters();
    const to = (ref: string) => call('redrive', { id: dead.id, destination_id: ref });
    expectRefused(await to('nowhere'), 404, 'NOT_FOUND', 'nowhere');
    expectRefused(await to(dead.name), 400, 'INVALID_INPUT', 'has these messages already');
    expectRefused(await to((await fifo()).id), 400, 'INVALID_INPUT', 'is a FIFO queue');
    const destination = await make();
    const { data } = await to(destination.name);
    expect(data.destination_queue_id).toBe(destination.id);
    await work('queue_move_task', data.id);
    expect((await call('receive', { id: destination.id })).data).toMatchObject([{ body: 'poison' }]);
  });

  it("needs a destination where the queue is nobody's dead-letter queue", async () => {
    expectRefused(await call('redrive', { id: (await make()).id }), 409, 'CONFLICT', 'name a destination');
  });

  it('ends at once when it is cancelled', async () => {
    const { dead } = await deadLetters();
    const { data: task } = await call('redrive', { id: dead.id });
    const cancelled = await call('cancelRedrive', { id: dead.id, task: task.id });
    expect(cancelled.data).toMatchObject({ id: task.id, status: 'CANCELLED', moved: 0, version: 2 });
    await work('queue_move_task', task.id);
    expect((await call('redriveTasks', { id: dead.id, limit: 1 })).data).toMatchObject([
      { status: 'CANCELLED', moved: 0 },
    ]);
    expect(await eventsOf(dead.id)).toEqual(['QUEUE_CREATED', 'QUEUE_REDRIVE_STARTED', 'QUEUE_REDRIVE_CANCELLED']);
    expectRefused(await call('cancelRedrive', { id: (await make()).id, task: task.id }), 404, 'NOT_FOUND', task.id);
    expectRefused(await call('cancelRedrive', { id: dead.id, task: 'none' }), 404, 'NOT_FOUND', "redrive task 'none'");
    expect((await call('redrive', { id: dead.id })).status).toBe(202);
  });
});
