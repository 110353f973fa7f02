import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import { insertQueue } from './message-examples.ts';
import type { queueOperations } from './operations.ts';

/** A queue whose messages went to a dead-letter queue; ids of both. */
async function insertDeadLetters(world: ExampleWorld): Promise<{ readonly source: string; readonly dead: string }> {
  const dead = await insertQueue(world);
  const source = await insertQueue(world, { dead_letter_queue_id: dead, max_receive_count: 3 });
  await world.owner.query(
    `insert into queue_messages (id, tenant_id, queue_id, body, size, visible_after, dead_letter_source) values ($1, $2, $3, 'm', 1, now(), $4)`,
    [newId(), world.tenantId, dead, source],
  );
  return { source, dead };
}

/** A task that moves messages out of a queue. */
async function insertMoveTask({ owner, userId, tenantId }: ExampleWorld, queueId: string): Promise<string> {
  const id = newId();
  await owner.query('insert into queue_move_tasks (id, user_id, tenant_id, source_queue_id) values ($1, $2, $3, $4)', [
    id,
    userId,
    tenantId,
    queueId,
  ]);
  return id;
}

const ofQueue = (more: object = {}): Example => ({
  input: async (world) => ({ id: await insertQueue(world), ...more }),
});

export const queueExamples: Record<keyof typeof queueOperations, Example> = {
  create: {
    input: async ({ unique }) => ({ name: `queue-${unique()}`, visibility_timeout: 60, labels: { team: 'shop' } }),
    more: async (world) => [
      {
        name: `queue-${world.unique()}`,
        dead_letter_queue_id: await insertQueue(world),
        max_receive_count: 3,
        access_policy: await ownPolicy(world),
        redrive_allow: { permission: 'by_queue', source_queue_ids: [await insertQueue(world)] },
      },
      { name: `queue-${world.unique()}.fifo`, content_based_deduplication: true },
    ],
  },
  list: {
    input: async (world) => {
      for (let n = 0; n < 2; n++) await insertQueue(world);
      return {};
    },
    more: async (world) => {
      for (let n = 0; n < 2; n++) await insertQueue(world);
      return [{ prefix: 'queue-' }];
    },
  },
  get: ofQueue(),
  update: ofQueue({ delay_seconds: 5, retention_days: 2 }),
  delete: {
    input: async (world) => ({ id: (await insertDeadLetters(world)).dead }),
  },
  purge: ofQueue(),
  setLabels: ofQueue({ labels: { team: 'shop' } }),
  removeLabels: {
    input: async (world) => ({
      id: await insertQueue(world, { labels: { team: 'shop', tier: 'one' } }),
      keys: ['team'],
    }),
  },
  deadLetterSources: {
    input: async (world) => {
      const { dead } = await insertDeadLetters(world);
      await insertQueue(world, { dead_letter_queue_id: dead, max_receive_count: 1 });
      return { id: dead };
    },
  },
  redrive: {
    input: async (world) => ({ id: (await insertDeadLetters(world)).dead }),
    more: async (world) => {
      const { dead, source } = await insertDeadLetters(world);
      return [{ id: dead, destination_id: source, max_per_second: 10 }];
    },
  },
  redriveTasks: {
    input: async (world) => {
      const { dead } = await insertDeadLetters(world);
      await world.owner.query(`update queue_move_tasks set status = 'COMPLETED' where id = $1`, [
        await insertMoveTask(world, dead),
      ]);
      await insertMoveTask(world, dead);
      return { id: dead };
    },
  },
  cancelRedrive: {
    input: async (world) => {
      const { dead: id } = await insertDeadLetters(world);
      return { id, task: await insertMoveTask(world, id) };
    },
    about: async ({ data }) => ({ id: data.source_queue_id }),
  },
};

async function ownPolicy({ owner, tenantId }: ExampleWorld): Promise<string> {
  const { rows } = await owner.query<{ account_number: string }>('select account_number from tenants where id = $1', [
    tenantId,
  ]);
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: rows[0]!.account_number }, Action: 'sqs:*', Resource: '*' }],
  });
}
