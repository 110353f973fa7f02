import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import { newNonce } from './message.ts';
import type { messageOperations } from './message-operations.ts';

/** A queue without messages. */
export async function insertQueue(
  { owner, userId, tenantId, unique }: ExampleWorld,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const name = `queue-${unique()}${settings['fifo'] ? '.fifo' : ''}`;
  const values = {
    id: newId(),
    user_id: userId,
    tenant_id: tenantId,
    name,
    arn: `arn:aws:sqs:us-east-1:1:${name}`,
    ...settings,
  };
  const columns = Object.keys(values);
  await owner.query(
    `insert into queues (${columns.join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(values),
  );
  return values.id;
}

/** A message of a standard queue that somebody has received and not deleted; answers its handle. */
export async function insertReceived({ owner, tenantId }: ExampleWorld, queueId: string): Promise<string> {
  const id = newId();
  const handle = `${id.replaceAll('-', '')}${newNonce(queueId)}0001`;
  await owner.query(
    `insert into queue_messages (id, queue_id, tenant_id, body, size, receipt_handle, received_count, visible_after)
     values ($1, $2, $3, 'hello', 5, $4, 1, now() + interval '10 minutes')`,
    [id, queueId, tenantId, handle],
  );
  return handle;
}

async function insertMessage({ owner, tenantId }: ExampleWorld, queueId: string): Promise<void> {
  await owner.query(
    `insert into queue_messages (id, queue_id, tenant_id, body, size, visible_after) values ($1, $2, $3, 'hello', 5, now())`,
    [newId(), queueId, tenantId],
  );
}

const ofReceived = (more: object): Example['input'] =>
  async function (world) {
    const id = await insertQueue(world);
    return { id, receipt_handle: await insertReceived(world, id), ...more };
  };

const ofReceivedEntries = (more: object): Example['input'] =>
  async function (world) {
    const id = await insertQueue(world);
    return { id, entries: [{ id: 'a', receipt_handle: await insertReceived(world, id), ...more }] };
  };

const withMessage: Example['input'] = async (world) => {
  const id = await insertQueue(world);
  await insertMessage(world, id);
  return { id };
};

export const messageExamples: Record<keyof typeof messageOperations, Example> = {
  send: {
    input: async (world) => ({
      id: await insertQueue(world),
      body: 'hello',
      attributes: { kind: { type: 'String', value: 'greeting' } },
    }),
    more: async (world) => [
      { id: await insertQueue(world, { fifo: true }), body: 'a', group_id: 'g', deduplication_id: 'd' },
    ],
  },
  sendBatch: {
    input: async (world) => ({ id: await insertQueue(world), entries: [{ id: 'a', body: 'hello' }] }),
  },
  receive: {
    input: withMessage,
    more: async (world) => [{ id: await insertQueue(world, { fifo: true }), max_messages: 10 }],
  },
  peek: { input: withMessage },
  deleteMessage: { input: ofReceived({}) },
  deleteMessages: { input: ofReceivedEntries({}) },
  changeVisibility: { input: ofReceived({ visibility_timeout: 60 }) },
  changeVisibilities: { input: ofReceivedEntries({ visibility_timeout: 60 }) },
  stats: { input: withMessage },
};
