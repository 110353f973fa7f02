import type { Example, ExampleWorld } from '../../kernel/example.ts';
import type { hostOperations } from './operations.ts';

/** Another host, that nothing runs on. */
async function insertHost({ owner, unique }: ExampleWorld, draining = false): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `insert into hosts (name, vcpus, memory_mb, disk_gb, state, last_seen_at, draining_since)
     values ($1, 4, 4096, 100, 'unavailable', now(), case when $2 then now() end) returning id`,
    [unique(), draining],
  );
  return rows[0]!.id;
}

export const hostExamples: Record<keyof typeof hostOperations, Example> = {
  list: { input: async () => ({}) },
  get: { input: async (world) => ({ id: await insertHost(world) }) },
  drain: { input: async (world) => ({ id: await insertHost(world) }) },
  undrain: { input: async (world) => ({ id: await insertHost(world, true) }) },
  update: { input: async (world) => ({ id: await insertHost(world), limit_vcpus: 2, overcommit_cpu: 3 }) },
  resetCapacity: {
    input: async (world) => {
      const id = await insertHost(world);
      await world.owner.query('update hosts set limit_vcpus = 4 where id = $1', [id]);
      return { id };
    },
  },
};
