import { service } from '../../kernel/service.ts';
import { createVpcHandlers, type VpcDeps, vpcQuota } from './handlers.ts';
import { vpcOperations } from './operations.ts';
import { presentVpc } from './vpc.ts';
import { createPgVpcRepository } from './vpc-repository.pg.ts';

export { hostNameOf } from './host-name.ts';
export { attachInterface, releaseInterface } from './network-interfaces.ts';
export { findVpcForInstance, findVpcId, loadVpcForInstance, type VpcForInstance } from './vpc-reader.ts';
export { createVpcWorker } from './worker.ts';

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
  });
