import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { ec2Id } from '../../kernel/ids.ts';
import type { vpcOperations } from './operations.ts';

/** A VPC that is there, as after a pass of its reconciler. */
export async function insertVpc({ owner, userId, tenantId, hostId, unique }: ExampleWorld): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `insert into vpcs (user_id, tenant_id, name, cidr_block, network_id, arn, host_id, status, observed_version)
     values ($1, $2, $3, '10.0.0.0/16', 'net', 'arn', $4, 'active', 1) returning id`,
    [userId, tenantId, `vpc-${unique()}`, hostId],
  );
  return rows[0]!.id;
}

export const vpcExamples: Record<keyof typeof vpcOperations, Example> = {
  create: { input: async ({ unique }) => ({ name: `vpc-${unique()}`, cidr_block: '10.7.0.0/16' }) },
  list: {
    input: async (world) => {
      await insertVpc(world);
      return {};
    },
    more: async (world) => [{ id: [await insertVpc(world), ec2Id('vpc', await insertVpc(world))] }],
  },
  get: { input: async (world) => ({ id: await insertVpc(world) }) },
  update: { input: async (world) => ({ id: await insertVpc(world), name: `renamed-${world.unique()}` }) },
  delete: { input: async (world) => ({ id: await insertVpc(world) }) },
};
