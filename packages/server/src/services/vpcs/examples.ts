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

/** A network interface in a VPC, as that of an instance with the last number of its address. */
export async function insertInterface(
  { owner, tenantId, hostId, unique }: ExampleWorld,
  vpcId: string,
  host: number,
): Promise<string> {
  const name = `vm-${unique()}`;
  const { rows } = await owner.query<{ owner_id: string }>(
    `insert into network_interfaces (tenant_id, vpc_id, owner_kind, owner_id, host_id, name, host_name, address, mac)
     values ($1, $2, 'instance', gen_random_uuid(), $3, $4::text, lower($4::text), '10.0.0.0'::inet + $5::int, ('025a0a0000' || lpad(to_hex($5::int), 2, '0'))::macaddr)
     returning owner_id`,
    [tenantId, vpcId, hostId, name, host],
  );
  return rows[0]!.owner_id;
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
  interfaces: {
    input: async (world) => {
      const id = await insertVpc(world);
      for (const host of [2, 3]) await insertInterface(world, id, host);
      return { id };
    },
  },
  update: { input: async (world) => ({ id: await insertVpc(world), name: `renamed-${world.unique()}` }) },
  delete: { input: async (world) => ({ id: await insertVpc(world) }) },
};
