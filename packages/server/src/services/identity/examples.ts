import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { sha256Hex } from '../../kernel/ids.ts';
import type { authOperations } from './operations.ts';

const noInput = async () => ({});

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
