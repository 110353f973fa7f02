import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { type Actor, type Answer, uniqueWord } from '../../testing/test-api.ts';

const { api, owner } = await setUpApi();

type Input = Readonly<Record<string, unknown>>;
const call = (name: string, input: Input, actor: Pick<Actor, 'key'> = owner): Promise<Answer> =>
  api.call(name, input, actor);
async function good(name: string, input: Input, actor?: Pick<Actor, 'key'>) {
  const answer = await call(name, input, actor);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.data;
}
const makeQueue = async (more: Input = {}): Promise<{ id: string; name: string; arn: string }> =>
  good('queues.create', { name: `q-${uniqueWord()}`, ...more });
const makeTopic = async (): Promise<{ id: string; name: string; arn: string }> =>
  good('topics.create', { name: `t-${uniqueWord()}` });
const subscribe = (topic: string, endpoint: string, more: Input = {}) =>
  good('topics.subscribe', { id: topic, endpoint, ...more });
const publish = (topic: string, more: Input = {}) => good('topics.publish', { id: topic, message: 'hello', ...more });
const receive = (queue: string) => good('queues.receive', { id: queue, max_messages: 10 });

describe('a topic', () => {
  it('passes a message on to each of its queues, in an envelope or as it is', async () => {
    const topic = await makeTopic();
    const [wrapped, raw] = [await makeQueue(), await makeQueue()];
    const one = await subscribe(topic.name, wrapped.name);
    const two = await subscribe(topic.name, raw.arn, { raw_delivery: true });
    expect(one).toMatchObject({ topic_id: topic.id, protocol: 'queue', endpoint: wrapped.id, raw_delivery: false });
    const attributes = { colour: { type: 'String', value: 'red' } };
    const published = await publish(topic.id, { subject: 'Greeting', attributes });
    expect(published.deliveries).toMatchObject([
      { subscription_id: one.id, outcome: 'delivered' },
      { subscription_id: two.id, outcome: 'delivered' },
    ]);
    const [envelope] = await receive(wrapped.id);
    expect(envelope.attributes).toBeUndefined();
    expect(JSON.parse(envelope.body)).toEqual({
      Type: 'Notification',
      MessageId: published.id,
      TopicArn: topic.arn,
      Subject: 'Greeting',
      Message: 'hello',
      Timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      MessageAttributes: { colour: { Type: 'String', Value: 'red' } },
    });
    const [plain] = await receive(raw.id);
    expect(plain).toMatchObject({
      id: published.deliveries[1].message_id,
      body: 'hello',
      attributes,
      sender: owner.userId,
    });
  });

  it('wakes who waits at a queue', async () => {
    const [topic, queue] = [await makeTopic(), await makeQueue()];
    await subscribe(topic.id, queue.id, { raw_delivery: true });
    const began = performance.now();
    const waiting = good('queues.receive', { id: queue.id, wait_seconds: 10 });
    await publish(topic.id);
    expect(await waiting).toMatchObject([{ body: 'hello' }]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('passes on what a filter policy wants, and follows a change of it', async () => {
    const [topic, queue] = [await makeTopic(), await makeQueue()];
    const { id } = await subscribe(topic.id, queue.id, { raw_delivery: true, filter_policy: '{"colour":["red"]}' });
    const outcome = async (colour: string) =>
      (await publish(topic.id, { attributes: { colour: { type: 'String', value: colour } } })).deliveries[0].outcome;
    expect([await outcome('red'), await outcome('blue')]).toEqual(['delivered', 'filtered']);
    const changed = await good('topics.updateSubscription', {
      id,
      filter_policy: '{ "n": [1] }',
      filter_scope: 'body',
    });
    expect(changed).toMatchObject({ filter_policy: '{"n":[1]}', filter_scope: 'body', version: 2 });
    expect((await publish(topic.id, { message: '{"n":1}' })).deliveries).toMatchObject([{ outcome: 'delivered' }]);
    expect(await outcome('red')).toBe('filtered');
    await good('topics.updateSubscription', { id, filter_policy: null });
    expect(await outcome('blue')).toBe('delivered');
    expect((await call('topics.updateSubscription', { id })).message).toContain('nothing to change');
  });

  it('reaches 50 queues, and the others where one does not take the message', async () => {
    const topic = await makeTopic();
    const queues = await Promise.all(Array.from({ length: 50 }, () => makeQueue()));
    for (const queue of queues) await subscribe(topic.id, queue.id, { raw_delivery: true });
    const small = await makeQueue({ max_message_size: 1_024 });
    await subscribe(topic.id, small.id, { raw_delivery: true });
    const { deliveries } = await publish(topic.id, { message: 'x'.repeat(2_000) });
    expect(deliveries.filter(({ outcome }: Input) => outcome === 'delivered')).toHaveLength(50);
    expect(deliveries.at(-1)).toMatchObject({ outcome: 'failed', error: expect.stringContaining('1024') });
    const { rows } = await api.owner.query(
      'select queue_id, count(*)::int as count from queue_messages where queue_id = any ($1) group by 1',
      [[...queues, small].map(({ id }) => id)],
    );
    expect(rows).toHaveLength(50);
    expect(rows.every(({ count }) => count === 1)).toBe(true);
  });

  it('is one of its name, has each queue once, and goes with its subscriptions', async () => {
    const [topic, queue] = [await makeTopic(), await makeQueue()];
    expect((await call('topics.create', { name: topic.name })).code).toBe('CONFLICT');
    const { id } = await subscribe(topic.id, queue.id);
    expect((await call('topics.subscribe', { id: topic.id, endpoint: queue.name })).message).toContain('already');
    expect(await good('topics.subscriptions', { id: topic.id })).toMatchObject([{ id }]);
    expect(await good('topics.getSubscription', { id })).toMatchObject({ id, endpoint: queue.id });
    await good('topics.delete', { id: topic.id });
    expect((await call('topics.getSubscription', { id })).status).toBe(404);
    expect((await call('topics.publish', { id: topic.id, message: 'x' })).status).toBe(404);
  });

  it('lets go of a queue that is deleted, and of one that is unsubscribed', async () => {
    const [topic, gone, left] = [await makeTopic(), await makeQueue(), await makeQueue()];
    await subscribe(topic.id, gone.id);
    const { id } = await subscribe(topic.id, left.id);
    await good('queues.delete', { id: gone.id });
    expect((await publish(topic.id)).deliveries[0]).toMatchObject({
      outcome: 'failed',
      error: 'the queue was deleted',
    });
    await api.owner.query('delete from queues where id = $1', [gone.id]);
    expect((await publish(topic.id)).deliveries).toMatchObject([{ subscription_id: id, outcome: 'delivered' }]);
    await good('topics.unsubscribe', { id });
    expect((await publish(topic.id)).deliveries).toEqual([]);
  });

  it('refuses what it cannot pass on, and changes nothing', async () => {
    const topic = await makeTopic();
    const fifo = await makeQueue({ name: `${uniqueWord()}.fifo` });
    expect((await call('topics.subscribe', { id: topic.id, endpoint: fifo.id })).message).toContain('FIFO');
    const queue = await makeQueue();
    const bad = await call('topics.subscribe', { id: topic.id, endpoint: queue.id, filter_policy: '{"a":"red"}' });
    expect(bad).toMatchObject({ status: 400, message: expect.stringContaining('filter_policy.a') });
    for (const [filter_policy, word] of [
      ['{"a"', 'is not JSON'],
      ['[]', 'must be a JSON object'],
    ])
      expect(await call('topics.subscribe', { id: topic.id, endpoint: queue.id, filter_policy })).toMatchObject({
        status: 400,
        message: expect.stringContaining(word!),
      });
    const elsewhere = queue.arn.replace(/:\d{12}:/, ':000000000000:');
    expect((await call('topics.subscribe', { id: topic.id, endpoint: elsewhere })).status).toBe(404);
    const large = await call('topics.publish', {
      id: topic.id,
      message: 'ä'.repeat(131_073),
    });
    expect(large).toMatchObject({ status: 400, message: expect.stringContaining('262146 bytes') });
    expect(await call('topics.publish', { id: topic.id, message: '\u0001' })).toMatchObject({
      status: 400,
      code: 'INVALID_INPUT',
    });
    const attributes = { 'AWS.x': { type: 'String', value: 'x' } };
    expect((await call('topics.publish', { id: topic.id, message: 'x', attributes })).status).toBe(400);
    expect(await good('topics.subscriptions', { id: topic.id })).toEqual([]);
  });

  it('is given 200 subscriptions, by somebody who may send to their queues', async () => {
    const [topic, queue] = [await makeTopic(), await makeQueue()];
    await api.owner.query(
      `with made as (
         insert into queues (user_id, tenant_id, name, arn) select $1, $2, $3 || n, 'arn' from generate_series(1, 200) n returning id)
       insert into subscriptions (user_id, tenant_id, topic_id, protocol, endpoint, target_queue_id) select $1, $2, $4, 'queue', id, id from made`,
      [owner.userId, owner.tenantId, `many-${uniqueWord()}-`, topic.id],
    );
    expect((await call('topics.subscribe', { id: topic.id, endpoint: queue.id })).message).toContain(
      '200 subscriptions',
    );
    expect((await publish(topic.id)).deliveries).toHaveLength(200);
    const amount = await call('topics.publish', { id: topic.id, message: 'x'.repeat(90_000) });
    expect(amount).toMatchObject({ status: 400, message: expect.stringContaining('goes to 200 queues') });
    const key = await good('keys.create', { name: uniqueWord(), permissions: ['notify:publish', 'notify:read'] });
    const other = await makeTopic();
    const refused = await call('topics.subscribe', { id: other.id, endpoint: queue.id }, { key: key.key });
    expect(refused).toMatchObject({ status: 403, message: expect.stringContaining('queue:write') });
  });

  it('takes no more than the tenant may store', async () => {
    const actor = await api.makeActor();
    const topic = await good('topics.create', { name: 'full' }, actor);
    const queue = await good('queues.create', { name: 'full' }, actor);
    await good('topics.subscribe', { id: topic.id, endpoint: queue.id, raw_delivery: true }, actor);
    await api.owner.query(`update quotas set max = 0 where tenant_id = $1 and resource = 'queue_messages_mb'`, [
      actor.tenantId,
    ]);
    await expect
      .poll(async () => (await call('topics.publish', { id: topic.id, message: 'x' }, actor)).code, { timeout: 15_000 })
      .toBe('QUOTA_EXCEEDED');
  });
});
