import { watchDrift } from '../../kernel/observe.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import { createInstanceLive } from './live.ts';
import { type FollowDeps, followEvents, machinesOf } from './observe-instances.ts';
import { createInstanceReconciler, type InstanceReconcilerDeps } from './reconcile-instance.ts';

/** Milliseconds between two tries to follow the engine's events. */
const FOLLOW_RETRY_MS = 1_000;

export type InstanceWorkerDeps = InstanceReconcilerDeps & FollowDeps;

/** What the worker of a host does for instances. */
export const createInstanceWorker = (deps: InstanceWorkerDeps): WorkerSide => ({
  reconcilers: [createInstanceReconciler(deps)],
  repeats: [
    watchDrift(machinesOf(deps.engine), deps),
    {
      name: "follow the engine's events",
      ms: FOLLOW_RETRY_MS,
      run: (signal) => followEvents(deps, signal),
    },
  ],
  live: createInstanceLive(deps.engine),
});
