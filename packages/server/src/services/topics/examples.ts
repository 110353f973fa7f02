import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import type { topicOperations } from './operations.ts';

async function insertQueue({ owner, userId, tenantId, unique }: ExampleWorld): Promise<string> {
  const id = newId();
  await owner.query(`insert into queues (id, user_id, tenant_id, name, arn) values ($1, $2, $3, $4, 'arn')`, [
    id,
    userId,
    tenantId,
    `queue-${unique()}`,
  ]);
  return id;
}

async function insertTopic({ owner, userId, tenantId, unique }: ExampleWorld): Promise<string> {
  const id = newId();
  await owner.query(`insert into topics (id, user_id, tenant_id, name, arn) values ($1, $2, $3, $4, 'arn')`, [
    id,
    userId,
    tenantId,
    `topic-${unique()}`,
  ]);
  return id;
}

/** Of a queue of its own. */
async function insertSubscription(world: ExampleWorld, topic: string): Promise<string> {
  const id = newId();
  const queue = await insertQueue(world);
  await world.owner.query(
    `insert into subscriptions (id, user_id, tenant_id, topic_id, protocol, endpoint, target_queue_id) values ($1, $2, $3, $4, 'queue', $5, $6)`,
    [id, world.userId, world.tenantId, topic, queue, queue],
  );
  return id;
}

/** A topic with two subscriptions. */
export async function insertFollowedTopic(world: ExampleWorld): Promise<string> {
  const id = await insertTopic(world);
  for (let n = 0; n < 2; n++) await insertSubscription(world, id);
  return id;
}

const ofTopic = (more: object = {}): Example => ({
  input: async (world) => ({ id: await insertFollowedTopic(world), ...more }),
});
const ofSubscription = (more: object = {}): Example => ({
  input: async (world) => ({ id: await insertSubscription(world, await insertTopic(world)), ...more }),
});

export const topicExamples: Record<keyof typeof topicOperations, Example> = {
  create: { input: async ({ unique }) => ({ name: `topic-${unique()}` }) },
  list: {
    input: async (world) => {
      for (let n = 0; n < 2; n++) await insertTopic(world);
      return {};
    },
  },
  get: ofTopic(),
  delete: ofTopic(),
  publish: ofTopic({ message: 'hello' }),
  subscribe: {
    input: async (world) => ({
      id: await insertTopic(world),
      endpoint: await insertQueue(world),
      filter_policy: '{"colour":["red",{"prefix":"bl"}]}',
    }),
  },
  subscriptions: ofTopic(),
  getSubscription: ofSubscription(),
  updateSubscription: ofSubscription({ raw_delivery: true }),
  unsubscribe: ofSubscription(),
};
