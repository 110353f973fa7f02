import { type ObserveDeps, watchDrift } from '../../kernel/observe.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import { networksOf } from './observe-networks.ts';
import { createVpcReconciler, type VpcReconcilerDeps } from './reconcile-vpc.ts';

/** What the worker of a host does for VPCs. */
export const createVpcWorker = (deps: VpcReconcilerDeps & ObserveDeps): WorkerSide => ({
  reconcilers: [createVpcReconciler(deps)],
  repeats: [watchDrift(networksOf(deps.engine), deps)],
});
