import { expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { insertMessages } from './testing/queue-world.ts';

/**
 * Statistics are collected once, after all messages have been deleted, and not again while the test runs: PostgreSQL plans for a table without rows,
 * which is then filled.
 */
const { api, owner } = await setUpApi();
const makeQueue = async (name: string): Promise<string> =>
  (await api.call('queues.create', { name }, owner)).data.id as string;

await api.owner.query('alter table queue_messages set (autovacuum_enabled = off)');
await insertMessages(api.owner, owner.tenantId, await makeQueue('first'), 20_000);
await api.owner.query('delete from queue_messages');
await api.owner.query('analyze queue_messages');

it('receives, changes and deletes without reading the whole table', async () => {
  const id = await makeQueue('second');
  // The first calls make the plans that later ones use.
  for (let call = 0; call < 8; call++) await api.call('queues.receive', { id }, owner);
  await insertMessages(api.owner, owner.tenantId, id, 50_000);
  const took = { receive: 0, change: 0, delete: 0 };
  const call = async (kind: keyof typeof took, operation: string, body: Readonly<Record<string, unknown>>) => {
    const begun = performance.now();
    const answer = await api.call(operation, { id, ...body }, owner);
    took[kind] += performance.now() - begun;
    return answer;
  };
  for (let turn = 0; turn < 20; turn++) {
    const { data } = await call('receive', 'queues.receive', { max_messages: 10, visibility_timeout: 600 });
    expect(data).toHaveLength(10);
    const { receipt_handle } = data[0];
    const changed = await call('change', 'queues.changeVisibility', { receipt_handle, visibility_timeout: 500 });
    expect(changed.status).toBe(200);
    expect((await call('delete', 'queues.deleteMessage', { receipt_handle })).status).toBe(204);
  }
  // Some 5 ms each; 60 to 300 ms with plans that read all.
  expect(took.receive).toBeLessThan(1_500);
  expect(took.change).toBeLessThan(600);
  expect(took.delete).toBeLessThan(600);
}, 60_000);
