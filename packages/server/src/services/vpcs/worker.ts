import { type ObserveDeps, watchDrift } from '../../kernel/observe.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import { networksOf } from './observe-networks.ts';
import { createVpcReconciler, type VpcReconcilerDeps } from './reconcile-vpc.ts';

export type VpcWorkerDeps = VpcReconcilerDeps & ObserveDeps;

/** What the worker of a host does for VPCs. */
export const createVpcWorker = (deps: VpcWorkerDeps): WorkerSide => ({
  reconcilers: [createVpcReconciler(deps)],
  repeats: [watchDrift(networksOf(deps.engine), deps)],
});
