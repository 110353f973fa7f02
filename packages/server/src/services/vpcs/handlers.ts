import { conflict, invalidInput } from '../../kernel/errors.ts';
import { ec2Id, isEc2Id, isUuid } from '../../kernel/ids.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import type { Call, Handlers, QuotaUse } from '../../kernel/service.ts';
import { parseVpcCidr } from './cidr.ts';
import type { vpcOperations } from './operations.ts';
import { presentVpc, type VpcRow } from './vpc.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

/** VPCs of a tenant without a quota of its own (contract, section 8). */
const DEFAULT_QUOTA = 2;
const DEFAULT_CIDR = '10.0.0.0/16';

export interface VpcDeps {
  /** The name outside of a VPC's network; pure. */
  readonly networkNameOf: (vpcId: string) => string;
  readonly region: string;
}

const nameTaken = (name: string) => conflict(`a VPC named '${name}' exists already; choose another name`);

/** Else it would be found by the id of another one, once that one is gone. */
function refuseIdAsName(name: string): void {
  if (isUuid(name) || isEc2Id('vpc', name))
    throw invalidInput(`name '${name}' has the form of an id; choose another name`);
}

export const createVpcHandlers = (deps: VpcDeps): Handlers<typeof vpcOperations, { vpc: VpcRow }> => ({
  async create(call) {
    const cidrBlock = call.input.cidr_block ?? DEFAULT_CIDR;
    const repository = createPgVpcRepository(call.sql);
    const account = await repository.accountNumber(call.tenantId);
    const row = await repository.insert({
      id: call.createdId,
      userId: call.userId,
      tenantId: call.tenantId,
      name: call.input.name,
      cidrBlock,
      networkId: deps.networkNameOf(call.createdId),
      arn: `arn:aws:ec2:${deps.region}:${account}:vpc/${ec2Id('vpc', call.createdId)}`,
      at: call.now,
    });
    if (!row) throw nameTaken(call.input.name);
    await call.wake('vpc', row.id);
    return presentVpc(row);
  },

  async list(call) {
    const page = pageRequest(call.input);
    const repository = createPgVpcRepository(call.sql);
    const { id } = call.input;
    const rows = await (id ? repository.listThese(call.tenantId, id, page) : repository.list(call.tenantId, page));
    return toPage(rows, page.limit, presentVpc);
  },

  async get(call) {
    return presentVpc(call.target);
  },

  async update(call) {
    refuseIdAsName(call.input.name);
    const row = await createPgVpcRepository(call.sql).rename(call.target.id, call.input.name, call.now);
    if (!row) throw nameTaken(call.input.name);
    // Nothing outside bears the name; but one that failed is tried again.
    if (row.status !== 'active' || row.status_reason !== null || row.observed_version !== row.version)
      await call.wake('vpc', row.id, row.host_id);
    return presentVpc(row);
  },

  async delete(call) {
    const repository = createPgVpcRepository(call.sql);
    // Held first, so that nothing moves in between the count and the mark.
    await repository.lock(call.target.id);
    const { instances, loadBalancers, scalingGroups } = await repository.countContents(call.target.id);
    const inTheWay = [
      [instances, 'instance'],
      [loadBalancers, 'load balancer'],
      [scalingGroups, 'auto-scaling group'],
    ]
      .filter(([count]) => Number(count) > 0)
      .map(([count, noun]) => `${count} ${noun}${count === 1 ? '' : 's'}`);
    if (inTheWay.length > 0)
      throw conflict(`the VPC '${call.target.name}' still has ${inTheWay.join(', ')}; delete them first`);
    await repository.markDeleted(call.target.id, call.now);
    await call.wake('vpc', call.target.id, call.target.host_id);
    return { message: `VPC '${call.target.name}' is being deleted` };
  },
});

/** Asked before the handler: what the input has wrong is told first, full or not. */
export async function vpcQuota(call: Call<{ name: string; cidr_block?: string }>): Promise<readonly QuotaUse[]> {
  parseVpcCidr(call.input.cidr_block ?? DEFAULT_CIDR);
  refuseIdAsName(call.input.name);
  const used = await createPgVpcRepository(call.sql).count(call.tenantId);
  return [{ resource: 'vpcs', used, wanted: 1, defaultMax: DEFAULT_QUOTA }];
}
