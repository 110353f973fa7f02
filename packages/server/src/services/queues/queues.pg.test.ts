import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { expectRefused, type Input, queueCalls, queueName } from './testing/queue-calls.ts';

// Creating, changing and listing queues, as the wire shows it.

const { api, owner, database } = await setUpApi();
const { call, make, fifo, eventsOf, auditOf } = queueCalls(api, owner, database);

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
    expectRefused(
      await call('create', { name: queueName(), retention_days: 1, retention_seconds: 90_000 }),
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
    expectRefused(
      await call('create', { name: queueName(), content_based_deduplication: true }),
      400,
      'INVALID_INPUT',
      '.fifo',
    );
  });

  it.each(['a b', 'x.fif', '.fifo', 'a'.repeat(81), `${'a'.repeat(76)}.fifo`])('refuses the name %j', async (bad) => {
    expect((await call('create', { name: bad })).code).toBe('INVALID_INPUT');
  });

  it('refuses a name that looks like an id, and one that is taken', async () => {
    expectRefused(
      await call('create', { name: '01a22f11-e9b7-70ad-bdb2-411ce9de6074' }),
      400,
      'INVALID_INPUT',
      'looks like an id',
    );
    const { name: taken } = await make();
    expectRefused(await call('create', { name: taken }), 409, 'CONFLICT', `a queue named '${taken}' already exists`);
    expect((await make({ name: taken }, await api.makeActor())).name).toBe(taken);
  });

  it('stops at the quota', async () => {
    const actor = await api.makeActor();
    await api.owner.query(
      `insert into quotas (tenant_id, resource, max) values ($1, 'queues', 1) on conflict (tenant_id, resource) do update set max = 1`,
      [actor.tenantId],
    );
    const { id } = await make({}, actor);
    expectRefused(await call('create', { name: queueName() }, actor), 429, 'QUOTA_EXCEEDED', '1 of 1 queues are used');
    await call('delete', { id }, actor);
    await make({}, actor);
    const { data } = await api.call('quotas.list', {}, actor);
    const used = Object.fromEntries(data.map((one: Input) => [one['resource'], one['used']]));
    expect(used).toMatchObject({ queues: 1, queue_messages_mb: 0 });
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
    expectRefused(await call('update', { id }), 400, 'INVALID_INPUT', 'nothing to change');
    expectRefused(
      await api.call('queues.update', { id, delay_seconds: 1 }, owner, { headers: { 'if-match': '"7"' } }),
      409,
      'CONFLICT',
      'at version 1, not 7',
    );
    expectRefused(
      await call('update', { id, fifo_throughput: 'per_queue' }),
      400,
      'INVALID_INPUT',
      'of FIFO queues only',
    );
    expectRefused(await call('update', { id, access_policy: '{}' }), 400, 'INVALID_INPUT', 'no member Statement');
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
    expectRefused(
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
    expectRefused(
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
    expectRefused(
      await call('list', { prefix: 'o', cursor: 'ICA' }, actor),
      400,
      'INVALID_INPUT',
      'was not returned by a list',
    );
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
    expectRefused(await send(), 429, 'QUOTA_EXCEEDED', "quota 'queue_messages_mb': 1 of 0 MB");
    expectRefused(
      await call('sendBatch', { id: queue.id, entries: [{ id: 'a', body: 'b' }] }, actor),
      429,
      'QUOTA_EXCEEDED',
      'Delete or purge messages',
    );
  });
});
