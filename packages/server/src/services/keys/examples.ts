import { newAwsKeyPair } from '../../kernel/ids.ts';
import type { Example, ExampleWorld } from '../../kernel/example.ts';
import type { keyOperations, memberKeyOperations } from './operations.ts';

/** A key of the world's user. */
async function insertKey(
  { owner, userId, tenantId, unique }: ExampleWorld,
  awsAccessKeyId: string | null = null,
): Promise<string> {
  const name = unique();
  const { rows } = await owner.query<{ id: string }>(
    `insert into api_keys (user_id, tenant_id, key, name, aws_access_key_id) values ($1, $2, md5($3), $3, $4) returning id`,
    [userId, tenantId, name, awsAccessKeyId],
  );
  return rows[0]!.id;
}

/** Such a key, by its AWS access key id. */
export async function insertAwsKey(world: ExampleWorld): Promise<string> {
  const { accessKeyId } = newAwsKeyPair();
  await insertKey(world, accessKeyId);
  return accessKeyId;
}

const none = async () => ({});
/** No two temporary keys live as long. */
let seconds = 900;

export const keyExamples: Record<keyof typeof keyOperations, Example> = {
  create: { input: async ({ unique }) => ({ name: unique() }) },
  createSession: { input: async () => ({ duration_seconds: ++seconds }) },
  list: { input: none },
  get: {
    input: async (world) => ({ id: await insertKey(world) }),
    more: async (world) => [{ id: await insertAwsKey(world) }],
  },
  update: { input: async (world) => ({ id: await insertKey(world), name: world.unique() }) },
  rotate: {
    input: async (world) => ({ id: await insertKey(world), overlap_seconds: 60 }),
    more: async (world) => [{ id: await insertKey(world) }],
  },
  revoke: { input: async (world) => ({ id: await insertKey(world) }) },
};

export const memberKeyExamples: Record<keyof typeof memberKeyOperations, Example> = {
  list: { input: none, more: async ({ userId }) => [{ user_id: userId }] },
  get: {
    input: async (world) => ({ id: await insertKey(world) }),
    more: async (world) => [{ id: await insertAwsKey(world) }],
  },
  revoke: {
    input: async (world) => ({ id: await insertKey(world) }),
    more: async (world) => [{ id: await insertAwsKey(world) }],
  },
};
