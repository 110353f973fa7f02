import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { sha256Hex } from '../../kernel/ids.ts';
import type { authOperations, keyOperations } from './operations.ts';

const noInput = async () => ({});

/** A key of the world's user. */
async function insertKey({ owner, userId, tenantId, unique }: ExampleWorld): Promise<string> {
  const name = unique();
  const { rows } = await owner.query<{ id: string }>(
    `insert into api_keys (user_id, tenant_id, key, name) values ($1, $2, md5($3), $3) returning id`,
    [userId, tenantId, name],
  );
  return rows[0]!.id;
}

/** A session of the world's user; answers its key. */
async function insertSession({ owner, userId, tenantId, unique }: ExampleWorld): Promise<string> {
  const key = `thecloud_${sha256Hex(unique()).slice(0, 32)}`;
  await owner.query(
    `insert into api_keys (user_id, tenant_id, key, name, kind, expires_at) values ($1, $2, $3, 'login session', 'session', now() + interval '1 day')`,
    [userId, tenantId, sha256Hex(key)],
  );
  return key;
}

export const authExamples: Record<keyof typeof authOperations, Example> = {
  register: {
    input: async ({ unique }) => ({
      email: `${unique()}@example.com`,
      password: `Tr0ub4dor&3 ${unique()}`,
      name: 'New Comer',
    }),
  },
  login: {
    input: async ({ email, password }) => ({ email, password }),
    secretOutput: ['api_key'],
  },
  logout: { input: async (world) => ({ api_key: await insertSession(world) }) },
  me: { input: noInput },
};

export const keyExamples: Record<keyof typeof keyOperations, Example> = {
  create: { input: async ({ unique }) => ({ name: unique() }), secretOutput: ['key', 'aws_secret_access_key'] },
  list: { input: noInput },
  revoke: { input: async (world) => ({ id: await insertKey(world) }) },
};
