import type { Example, ExampleWorld } from '../../kernel/example.ts';
import type { workOperations } from './operations.ts';

/** A thing that failed six times. */
async function insertStuck({ owner, tenantId }: ExampleWorld): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `insert into reconcile (kind, id, tenant_id, attempts, last_error, due_at)
     values ('instance', gen_random_uuid(), $1, 6, 'no space left', now() + interval '1 minute') returning id`,
    [tenantId],
  );
  return rows[0]!.id;
}

export const workExamples: Record<keyof typeof workOperations, Example> = {
  list: { input: async (world) => (await insertStuck(world), {}) },
  stuck: {
    input: async (world) => {
      await insertStuck(world);
      return {};
    },
  },
  retry: { input: async (world) => ({ kind: 'instance', id: await insertStuck(world) }) },
};
