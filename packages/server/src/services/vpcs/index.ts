import { service } from '../../kernel/service.ts';
import { vpcActions } from './aws/ec2.ts';
import { createVpcHandlers, type VpcDeps, vpcQuota } from './handlers.ts';
import { vpcOperations } from './operations.ts';
import { presentVpc } from './vpc.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

export { hostNameOf } from './host-name.ts';
export type { NetworkEngine } from './network-engine.ts';
export { observeNetworks } from './observe-networks.ts';
export { createVpcReconciler } from './reconcile-vpc.ts';
export { findVpcForInstance, findVpcId, loadVpcForInstance, type VpcForInstance } from './vpc-reader.ts';

/** Private networks. */
export const createVpcsService = (deps: VpcDeps) =>
  service({
    name: 'vpcs',
    resource: 'vpc',
    title: 'VPCs',
    operations: vpcOperations,
    handlers: createVpcHandlers(deps),
    targets: {
      vpc: {
        noun: 'VPC',
        find: (sql, tenantId, ref) => createPgVpcRepository(sql).find(tenantId, ref),
        present: presentVpc,
      },
    },
    quotas: { create: vpcQuota },
    aws: [vpcActions],
  });
