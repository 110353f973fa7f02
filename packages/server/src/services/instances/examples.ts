import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { ec2Id } from '../../kernel/ids.ts';
import { insertVpc } from '../vpcs/examples.ts';
import type { instanceOperations, instanceTypeOperations } from './operations.ts';

/** An instance that runs (or is stopped), as after a pass of its reconciler; its machine is in no engine. */
export async function insertInstance(world: ExampleWorld, power: 'running' | 'stopped' = 'running'): Promise<string> {
  const { owner, userId, tenantId, hostId, unique } = world;
  const word = unique();
  const { rows } = await owner.query<{ id: string }>(
    `insert into instances (user_id, tenant_id, name, image, status, container_id, host_id, power, observed_version, started_at, instance_type)
     values ($1, $2, $3, 'busybox', $4, $5, $6, $7, 1, now(), 'basic-1') returning id`,
    [userId, tenantId, `vm-${word}`, power === 'running' ? 'RUNNING' : 'STOPPED', `tc-${word}`, hostId, power],
  );
  return rows[0]!.id;
}

const byId = (power?: 'running' | 'stopped'): Example => ({
  input: async (world) => ({ id: await insertInstance(world, power) }),
});

export const instanceExamples: Record<keyof typeof instanceOperations, Example> = {
  launch: {
    input: async (world) => ({
      name: `vm-${world.unique()}`,
      image: 'busybox',
      instance_type: 'basic-1',
      vpc_id: await insertVpc(world),
      env: [`TOKEN=hidden-${world.unique()}`],
      cmd: [`hidden-${world.unique()}`, `hidden-${world.unique()}`],
      labels: { tier: 'web' },
      metadata: { note: 'an example' },
    }),
  },
  list: {
    input: async (world) => {
      await insertInstance(world);
      return {};
    },
    more: async (world) => {
      const id = await insertInstance(world);
      return [
        { vpc_id: await insertVpc(world) },
        { id: [id, ec2Id('i', await insertInstance(world))] },
        { tag: ['tier'] },
        { tag: ['tier:web', 'note'] },
        { tag: ['tier:web'], id: [id], vpc_id: await insertVpc(world) },
      ];
    },
  },
  get: byId(),
  stop: byId(),
  start: byId('stopped'),
  reboot: byId(),
  delete: byId(),
  logs: byId(),
  stats: byId(),
  exec: {
    input: async (world) => ({
      id: await insertInstance(world),
      command: ['echo', `hidden-${world.unique()}`],
      stdin: `hidden-${world.unique()}`,
      timeout: 5,
    }),
  },
  terminal: {
    input: async (world) => ({
      id: await insertInstance(world),
      command: ['cat', `hidden-${world.unique()}`],
      rows: 24,
      cols: 80,
    }),
  },
};

export const instanceTypeExamples: Record<keyof typeof instanceTypeOperations, Example> = {
  list: { input: async () => ({}) },
};
