import { kindOf } from '../../kernel/resource.ts';
import { service } from '../../kernel/service.ts';
import { vpcExamples } from './examples.ts';
import { createVpcHandlers, type VpcDeps } from './handlers.ts';
import { vpcOperations } from './operations.ts';
import { presentVpc, vpcs } from './vpc.ts';

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
    kinds: { vpc: kindOf(vpcs, { noun: 'VPC', present: presentVpc }) },
    // Contract, section 8.
    quotas: { vpcs: 2 },
    examples: vpcExamples,
  });
