import { deletes } from '../../kernel/builders.ts';
import { conflict } from '../../kernel/errors.ts';
import { ec2Id } from '../../kernel/ids.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { countLive, refuseIdAsName } from '../../kernel/resource.ts';
import { type Handlers, steps } from '../../kernel/service.ts';
import { findAccountNumber } from '../identity/index.ts';
import { DEFAULT_CIDR, parseVpcCidr } from './cidr.ts';
import { countAddresses, isAddress, listInterfaces, presentInterface } from './network-interface.ts';
import type { vpcOperations } from './operations.ts';
import { type VpcRow, VPCS } from './vpc.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

export interface VpcDeps {
  /** The name outside of a VPC's network; pure. */
  readonly networkNameOf: (vpcId: string) => string;
  readonly region: string;
}

const nameTaken = (name: string) => conflict(`a VPC named '${name}' already exists; choose another name`);

export const createVpcHandlers = (deps: VpcDeps): Handlers<typeof vpcOperations, { vpc: VpcRow }> => ({
  create: steps({
    async check({ input }) {
      parseVpcCidr(input.cidr_block ?? DEFAULT_CIDR);
      refuseIdAsName(VPCS, input.name);
    },
    async quota({ sql, tenantId }) {
      const used = await countLive(sql, VPCS, tenantId);
      return [{ resource: 'vpcs', used, wanted: 1 }];
    },
    async run({ sql, input, tenantId, userId, createdId, now, wake }) {
      const account = await findAccountNumber(sql, tenantId);
      const row = await createPgVpcRepository(sql).insert({
        id: createdId,
        userId,
        tenantId,
        name: input.name,
        cidrBlock: input.cidr_block ?? DEFAULT_CIDR,
        networkId: deps.networkNameOf(createdId),
        arn: `arn:aws:ec2:${deps.region}:${account}:vpc/${ec2Id('vpc', createdId)}`,
        at: now,
      });
      if (!row) throw nameTaken(input.name);
      wake('vpc', row.id);
      return row;
    },
  }),

  get: async ({ sql, target }) => ({ ...target, addresses: await countAddresses(sql, target) }),

  async interfaces({ sql, input, target, caller }) {
    const page = pageRequest(input, isAddress);
    const rows = await listInterfaces(sql, target, page);
    const { items, ...rest } = toPage(rows, page.limit, (row) => row.address);
    return { items: items.map((row) => presentInterface(row, caller)), ...rest };
  },

  async update({ sql, input, target, now, wake, unchanged }) {
    refuseIdAsName(VPCS, input.name);
    const isSame = input.name === target.name;
    const row = isSame ? unchanged(target) : await createPgVpcRepository(sql).rename(target.id, input.name, now);
    if (!row) throw nameTaken(input.name);
    // Nothing outside bears the name; but one that failed is tried again.
    if (row.status !== 'active' || row.status_reason !== null || row.observed_version !== row.version)
      wake('vpc', row.id, row.host_id);
    return row;
  },

  delete: deletes(VPCS, 'vpc', 'VPC'),
});
