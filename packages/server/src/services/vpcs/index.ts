import { countLive, kindOf } from '../../kernel/resource.ts';
import { service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { vpcActions } from './aws/ec2.ts';
import { vpcExamples } from './examples.ts';
import { createVpcHandlers, type VpcDeps } from './handlers.ts';
import { vpcOperations } from './operations.ts';
import { presentVpc, VPCS } from './vpc.ts';
import { createVpcWorker, type VpcWorkerDeps } from './worker.ts';

export { hostNameOf, refuseReservedName } from './host-name.ts';
export { DNS_DOMAIN, type NetworkEngine } from './network-engine.ts';
export { attachInterface, releaseHostName, releaseInterface } from './network-interfaces.ts';
export { findVpcForInstance, findVpcId, loadVpcForInstance, type VpcForInstance } from './vpc-reader.ts';

/** Private networks. */
export const createVpcsService = (deps: VpcDeps & { readonly worker?: VpcWorkerDeps }) =>
  service({
    name: 'vpcs',
    resource: 'vpc',
    title: 'VPCs',
    operations: vpcOperations,
    console: {
      group: 'network',
      icon: 'network',
      summary:
        'A VPC is a private network: instances in it reach each other by name, and nothing outside reaches them.',
      references: { user_id: 'member' },
    },
    handlers: createVpcHandlers(deps),
    work: { vpc: VPCS.name },
    kinds: { vpc: kindOf(VPCS, { noun: 'VPC', present: presentVpc, detail: (row) => row.cidr_block }) },
    // Contract, section 8.
    quotas: { vpcs: { max: 2, noun: 'VPCs', free: 'Delete a VPC' } },
    blocks: { tenant: { noun: 'VPC', count: (sql: Sql, id: string) => countLive(sql, VPCS, id) } },
    usage: async (sql, { tenantId }) => ({ vpcs: await countLive(sql, VPCS, tenantId) }),
    aws: [vpcActions],
    ...(deps.worker ? { worker: createVpcWorker(deps.worker) } : {}),
    examples: vpcExamples,
  });
