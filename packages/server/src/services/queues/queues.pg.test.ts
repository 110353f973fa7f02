import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { openDatabase } from '../../kernel/sql/pool.ts';
import { passOver } from '../../testing/pass.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, type Answer, uniqueWord } from '../../testing/test-api.ts';
import { createMoveReconciler } from './reconcile-move-task.ts';
import { createRemovalReconciler } from './reconcile-removal.ts';

// The control plane of queues, as the wire shows it.

const { api, owner, database } = await setUpApi();

type Input = Readonly<Record<string, unknown>>;
const call = (verb: string, input: Input, actor: Pick<Actor, 'key'> = owner) =>
  api.call(`queues.${verb}`, input, actor);
const name = (end = '') => `q-${uniqueWord()}${end}`;
const refused = (answer: Answer, status: number, code: string, words: string) => {
  expect([answer.status, answer.code], answer.text).toEqual([status, code]);
  expect(answer.message).toContain(words);
};
async function make(more: Input = {}, actor: Pick<Actor, 'key'> = owner) {
  const answer = await call('create', { name: name(more['fifo'] ? '.fifo' : ''), ...more }, actor);
  expect(answer.status, answer.text).toBe(201);
  return answer.data;
}
const fifo = (more: Input = {}, actor?: Actor) => make({ name: name('.fifo'), ...more }, actor);
const eventsOf = async (id: string) =>
  (
    await api.owner.query<{ event_type: string }>('select event_type from events where resource_id = $1 order by seq', [
      id,
    ])
  ).rows.map((row) => row.event_type);
const auditOf = async (id: string) =>
  (
    await api.owner.query<{ action: string }>(
      `select action from audit_logs where resource_id = $1 and outcome <> 'refused' order by id`,
      [id],
    )
  ).rows.map((row) => row.action);

/** The worker's passes over a thing, until there is nothing more to do. */
async function work(kind: 'queue' | 'queue_move_task', id: string): Promise<void> {
  const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
  try {
    const { rows } = await api.owner.query('select from reconcile where kind = $1 and id = $2', [kind, id]);
    expect(rows, `nobody woke ${kind} ${id}`).toHaveLength(1);
    const make = kind === 'queue' ? createRemovalReconciler : createMoveReconciler;
    const { pass } = make({ clock: systemClock });
    while ((await pass(passOver(worker, { id, tenantId: owner.tenantId }))).kind !== 'gone');
  } finally {
    await worker.close();
  }
}

describe('creating a queue', () => {
  it('gives it the defaults of SQS and an ARN with the account number', async () => {
    const { rows } = await api.owner.query('select account_number from tenants where id = $1', [owner.tenantId]);
    const queue = await make({ name: 'defaults' });
    expect(queue).toEqual({
      id: expect.any(String),
      user_id: owner.userId,
      tenant_id: owner.tenantId,
      name: 'defaults',
      arn: `arn:aws:sqs:us-east-1:${rows[0].account_number}:defaults`,
      status: 'ACTIVE',
      fifo: false,
      visibility_timeout: 30,
      retention_days: 4,
      retention_seconds: 345_600,
      max_message_size: 262_144,
      delay_seconds: 0,
      receive_wait_seconds: 0,
      labels: {},
      version: 1,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect((await call('get', { id: 'defaults' })).data).toEqual(queue);
    expect([await eventsOf(queue.id), await auditOf(queue.id)]).toEqual([['QUEUE_CREATED'], ['queue.create']]);
  });

  it('keeps what it is given, and writes the column of days rounded up', async () => {
    const given = {
      visibility_timeout: 0,
      retention_seconds: 90_000,
      max_message_size: 1_048_576,
      delay_seconds: 900,
      receive_wait_seconds: 20,
      labels: { team: 'shop' },
    };
    const queue = await make(given);
    expect(queue).toMatchObject({ ...given, retention_days: 2 });
    const { rows } = await api.owner.query('select retention_days from queues where id = $1', [queue.id]);
    expect(rows).toEqual([{ retention_days: 2 }]);
    expect(await make({ retention_days: 1 })).toMatchObject({ retention_seconds: 86_400 });
    refused(
      await call('create', { name: name(), retention_days: 1, retention_seconds: 90_000 }),
      400,
      'INVALID_INPUT',
      'give one of them',
    );
  });

  it('makes a FIFO queue by its name, and shows what only these have', async () => {
    expect(await fifo()).toMatchObject({
      fifo: true,
      content_based_deduplication: false,
      deduplication_scope: 'queue',
      fifo_throughput: 'per_queue',
    });
    expect(
      await fifo({
        content_based_deduplication: true,
        deduplication_scope: 'message_group',
        fifo_throughput: 'per_message_group',
      }),
    ).toMatchObject({ content_based_deduplication: true, fifo_throughput: 'per_message_group' });
    refused(await call('create', { name: name(), content_based_deduplication: true }), 400, 'INVALID_INPUT', '.fifo');
  });

  it.each(['a b', 'x.fif', '.fifo', 'a'.repeat(81), `${'a'.repeat(76)}.fifo`])('refuses the name %j', async (bad) => {
    expect((await call('create', { name: bad })).code).toBe('INVALID_INPUT');
  });

  it('refuses a name that looks like an id, and one that is taken', async () => {
    refused(
      await call('create', { name: '01a22f11-e9b7-70ad-bdb2-411ce9de6074' }),
      400,
      'INVALID_INPUT',
      'looks like an id',
    );
    const { name: taken } = await make();
    refused(await call('create', { name: taken }), 409, 'CONFLICT', `a queue named '${taken}' already exists`);
    expect((await make({ name: taken }, await api.makeActor())).name).toBe(taken);
  });

  it('stops at the quota', async () => {
    const actor = await api.makeActor();
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'queues', 1) on conflict (tenant_id, resource) do update set max = 1`,
      [actor.tenantId],
    );
    const { id } = await make({}, actor);
    refused(await call('create', { name: name() }, actor), 429, 'QUOTA_EXCEEDED', '1 of 1 queues are used');
    await call('delete', { id }, actor);
    await make({}, actor);
    const { data } = await api.call('quotas.list', {}, actor);
    const used = Object.fromEntries(data.map((one: Input) => [one['resource'], one['used']]));
    expect(used).toMatchObject({ queues: 1, queue_messages_mb: 0 });
  });
});

describe('dead-letter queues', () => {
  it('are named by id or by name, must exist, and are of the same type', async () => {
    const dead = await make();
    for (const ref of [dead.id, dead.name])
      expect(await make({ dead_letter_queue_id: ref, max_receive_count: 3 })).toMatchObject({
        dead_letter_queue_id: dead.id,
        max_receive_count: 3,
      });
    const with_ = (ref: string, more: Input = {}) =>
      call('create', { name: name(), dead_letter_queue_id: ref, max_receive_count: 3, ...more });
    refused(await with_('nowhere'), 404, 'NOT_FOUND', "queue 'nowhere' does not exist");
    refused(await with_((await make({}, await api.makeActor())).id), 404, 'NOT_FOUND', 'does not exist');
    refused(await with_((await fifo()).id), 400, 'INVALID_INPUT', 'is a FIFO queue');
    refused(
      await call('create', { name: name('.fifo'), dead_letter_queue_id: dead.id, max_receive_count: 3 }),
      400,
      'INVALID_INPUT',
      'is a standard queue',
    );
    refused(
      await call('create', { name: name(), dead_letter_queue_id: dead.id }),
      400,
      'INVALID_INPUT',
      'needs max_receive_count',
    );
    refused(
      await call('create', { name: name(), max_receive_count: 3 }),
      400,
      'INVALID_INPUT',
      'needs a dead-letter queue',
    );
    const own = await make();
    refused(
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
    refused(await use(other.id), 400, 'INVALID_INPUT', `does not let '${other.name}' use it`);
    expect(
      (await call('update', { id: dead.id, redrive_allow: { permission: 'deny_all' } })).data.redrive_allow,
    ).toEqual({ permission: 'deny_all' });
    refused(await use(source.id), 400, 'INVALID_INPUT', 'does not let');
    expect((await call('update', { id: dead.id, redrive_allow: null })).data).not.toHaveProperty('redrive_allow');
    expect((await use(other.id)).status).toBe(200);
    refused(
      await call('update', { id: dead.id, redrive_allow: { permission: 'by_queue' } }),
      400,
      'INVALID_INPUT',
      'needs source_queue_ids',
    );
    refused(
      await call('update', { id: dead.id, redrive_allow: { permission: 'allow_all', source_queue_ids: [source.id] } }),
      400,
      'INVALID_INPUT',
      'takes no source_queue_ids',
    );
    refused(
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

describe('changing a queue', () => {
  it('leaves what is not given as it is, and counts the version', async () => {
    const dead = await make();
    const queue = await make({
      delay_seconds: 5,
      dead_letter_queue_id: dead.id,
      max_receive_count: 3,
      labels: { a: 'b' },
    });
    const { updated_at: _, ...rest } = queue;
    const changed = (await call('update', { id: queue.name, visibility_timeout: 0, retention_days: 1 })).data;
    expect(changed).toMatchObject({
      ...rest,
      version: 2,
      visibility_timeout: 0,
      retention_days: 1,
      retention_seconds: 86_400,
    });
    expect((await call('update', { id: queue.id, max_receive_count: 9 })).data).toMatchObject({
      max_receive_count: 9,
      dead_letter_queue_id: dead.id,
    });
    const cleared = (await call('update', { id: queue.id, dead_letter_queue_id: null })).data;
    expect(cleared).not.toHaveProperty('dead_letter_queue_id');
    expect(cleared).not.toHaveProperty('max_receive_count');
    expect(await eventsOf(queue.id)).toEqual(['QUEUE_CREATED', 'QUEUE_UPDATE', 'QUEUE_UPDATE', 'QUEUE_UPDATE']);
  });

  it('refuses a change of nothing, a stale version, and what does not fit', async () => {
    const { id } = await make();
    refused(await call('update', { id }), 400, 'INVALID_INPUT', 'nothing to change');
    refused(
      await api.call('queues.update', { id, delay_seconds: 1 }, owner, { headers: { 'if-match': '"7"' } }),
      409,
      'CONFLICT',
      'at version 1, not 7',
    );
    refused(await call('update', { id, fifo_throughput: 'per_queue' }), 400, 'INVALID_INPUT', 'of FIFO queues only');
    refused(await call('update', { id, access_policy: '{}' }), 400, 'INVALID_INPUT', 'no member Statement');
  });

  it('loses no change that others make at the same moment', async () => {
    const dead = await make();
    const { id } = await make();
    const answers = await Promise.all([
      call('update', { id, visibility_timeout: 1 }),
      call('update', { id, delay_seconds: 2 }),
      call('update', { id, receive_wait_seconds: 3 }),
      call('update', { id, dead_letter_queue_id: dead.id, max_receive_count: 4 }),
      call('setLabels', { id, labels: { a: '1' } }),
      call('setLabels', { id, labels: { b: '2' } }),
      call('purge', { id }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 204]);
    expect((await call('get', { id })).data).toMatchObject({
      visibility_timeout: 1,
      delay_seconds: 2,
      receive_wait_seconds: 3,
      max_receive_count: 4,
      labels: { a: '1', b: '2' },
      version: 7,
    });
  });

  it('keeps an access policy of the own account, and removes it when it is empty', async () => {
    const { data } = await call('get', { id: (await make()).id });
    const account = data.arn.split(':')[4];
    const policy = JSON.stringify({
      Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'sqs:*', Resource: data.arn }],
    });
    expect((await call('update', { id: data.id, access_policy: policy })).data.access_policy).toBe(policy);
    expect((await call('update', { id: data.id, access_policy: '' })).data).not.toHaveProperty('access_policy');
    refused(
      await call('update', { id: data.id, access_policy: policy.replace(account, '*') }),
      400,
      'INVALID_INPUT',
      `not of account ${account}`,
    );
  });
});

describe('labels', () => {
  it('are added, changed and removed, at most fifty', async () => {
    const { id } = await make({ labels: { a: '1', b: '2' } });
    expect((await call('setLabels', { id, labels: { b: '3', c: '4' } })).data).toMatchObject({
      labels: { a: '1', b: '3', c: '4' },
      version: 2,
    });
    expect((await call('removeLabels', { id, keys: ['a', 'z'] })).data).toMatchObject({
      labels: { b: '3', c: '4' },
      version: 3,
    });
    // Twice is as once.
    expect((await call('removeLabels', { id, keys: ['a'] })).data.version).toBe(3);
    expect((await call('setLabels', { id, labels: { b: '3' } })).data.version).toBe(3);
    const many = Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`k${n}`, 'v']));
    refused(
      await call('setLabels', { id, labels: many }),
      400,
      'INVALID_INPUT',
      'would have 51 labels, and 50 is the most',
    );
  });
});

describe('listing queues', () => {
  it('lists those whose name begins so, by name, page by page, and none that is deleted', async () => {
    const actor = await api.makeActor();
    for (const one of ['orders-b', 'orders-a', 'Orders-c', 'orders_d', 'order', 'orders-e'])
      await make({ name: one }, actor);
    await call('delete', { id: 'orders-e' }, actor);
    await make({ name: 'orders-f' });
    const names = async (input: Input) => {
      const answer = await call('list', input, actor);
      return { names: answer.data.map((one: Input) => one['name']), cursor: answer.meta?.next_cursor };
    };
    expect((await names({ prefix: 'orders' })).names).toEqual(['orders-a', 'orders-b', 'orders_d']);
    const first = await names({ prefix: 'orders', limit: 2 });
    expect(first.names).toEqual(['orders-a', 'orders-b']);
    expect(await names({ prefix: 'orders', limit: 2, cursor: first.cursor })).toEqual({
      names: ['orders_d'],
      cursor: undefined,
    });
    expect((await names({ prefix: 'x%' })).names).toEqual([]);
    expect((await names({ limit: 2 })).names).toEqual(['orders-e', 'order']);
    refused(
      await call('list', { prefix: 'o', cursor: 'ICA' }, actor),
      400,
      'INVALID_INPUT',
      'was not returned by a list',
    );
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
    refused(await call('purge', { id: queue.id }), 409, 'PURGE_IN_PROGRESS', 'less than 60 s ago');
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
    refused(await call('purge', { id: queue.id }), 409, 'CONFLICT', 'is being deleted');
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
    refused(answer, 409, 'CONFLICT', '1 queue');
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
    refused(await call('redrive', { id: dead.id }), 409, 'CONFLICT', 'a task is moving messages');
    await work('queue_move_task', started.data.id);
    const tasks = await call('redriveTasks', { id: dead.id });
    expect(tasks.data).toMatchObject([{ id: started.data.id, status: 'COMPLETED', moved: 1, to_move: 1, version: 2 }]);
    expect((await call('receive', { id: source.id })).data).toMatchObject([{ body: 'poison', received_count: 1 }]);
    refused(await call('cancelRedrive', { id: dead.id, task: started.data.id }), 409, 'CONFLICT', 'it is COMPLETED');
    expect(await eventsOf(dead.id)).toEqual(['QUEUE_CREATED', 'QUEUE_REDRIVE_STARTED', 'QUEUE_REDRIVE_COMPLETED']);
  });

  it('goes to a destination of the same type', async () => {
    const { dead } = await deadLetters();
    const to = (ref: string) => call('redrive', { id: dead.id, destination_id: ref });
    refused(await to('nowhere'), 404, 'NOT_FOUND', 'nowhere');
    refused(await to(dead.name), 400, 'INVALID_INPUT', 'has these messages already');
    refused(await to((await fifo()).id), 400, 'INVALID_INPUT', 'is a FIFO queue');
    const destination = await make();
    const { data } = await to(destination.name);
    expect(data.destination_queue_id).toBe(destination.id);
    await work('queue_move_task', data.id);
    expect((await call('receive', { id: destination.id })).data).toMatchObject([{ body: 'poison' }]);
  });

  it("needs a destination where the queue is nobody's dead-letter queue", async () => {
    refused(await call('redrive', { id: (await make()).id }), 409, 'CONFLICT', 'name a destination');
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
    refused(await call('cancelRedrive', { id: (await make()).id, task: task.id }), 404, 'NOT_FOUND', task.id);
    refused(await call('cancelRedrive', { id: dead.id, task: 'none' }), 404, 'NOT_FOUND', "redrive task 'none'");
    expect((await call('redrive', { id: dead.id })).status).toBe(202);
  });
});

describe('the room for messages', () => {
  it('refuses to send when it is used up', async () => {
    const actor = await api.makeActor();
    const queue = await make({}, actor);
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'queue_messages_mb', 0) on conflict (tenant_id, resource) do update set max = 0`,
      [actor.tenantId],
    );
    const send = () => call('send', { id: queue.id, body: 'hello' }, actor);
    // The first is not counted yet.
    expect((await send()).status).toBe(201);
    await expect.poll(async () => (await send()).code).toBe('QUOTA_EXCEEDED');
    refused(await send(), 429, 'QUOTA_EXCEEDED', "quota 'queue_messages_mb': 1 of 0 MB");
    refused(
      await call('sendBatch', { id: queue.id, entries: [{ id: 'a', body: 'b' }] }, actor),
      429,
      'QUOTA_EXCEEDED',
      'Delete or purge messages',
    );
  });
});
