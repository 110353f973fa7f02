import { watchDrift } from '../../kernel/observe.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import { createInstanceLive } from './live.ts';
import { type FollowDeps, followEvents, machinesOf, noteDown } from './observe-instances.ts';
import { createInstanceReconciler, type InstanceReconcilerDeps } from './reconcile-instance.ts';

/** Milliseconds between two tries to follow the engine's events. */
const FOLLOW_RETRY_MS = 1_000;
/** Milliseconds between two looks for logs that have grown long. A flood writes some 20 MB in that time. */
const TRIM_MS = 2_000;

/** Milliseconds between two looks for what deleted machines left. */
const REMAINS_MS = 60_000;

export type InstanceWorkerDeps = InstanceReconcilerDeps & FollowDeps;

/** What the worker of a host does for instances. */
export const createInstanceWorker = (deps: InstanceWorkerDeps): WorkerSide => ({
  begin: () => noteDown(deps),
  reconcilers: [createInstanceReconciler(deps)],
  repeats: [
    watchDrift(machinesOf(deps.engine), deps),
    {
      name: "follow the engine's events",
      ms: FOLLOW_RETRY_MS,
      run: (signal) => followEvents(deps, signal),
    },
    { name: 'keep logs short', ms: TRIM_MS, run: () => deps.engine.trimLogs() },
    { name: 'remove what deleted machines left', ms: REMAINS_MS, run: () => deps.engine.removeRemains() },
  ],
  live: createInstanceLive(deps.engine),
});
