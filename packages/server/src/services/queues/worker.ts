import type { Clock } from '../../kernel/clock.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { sweep } from '../../kernel/sweep.ts';
import { createMoveReconciler } from './reconcile-move-task.ts';
import { type Commit, createRemovalReconciler, removeAllExpired, removeExpired } from './reconcile-removal.ts';

export interface QueueWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
}

const EXPIRY_MS = 60_000;
const WHOLE_EXPIRY_MS = 3_600_000;

/** What the worker does for queues. No receiver gets an expired or purged message in any case: this frees their room. */
export function createQueueWorker({ database, clock }: QueueWorkerDeps): WorkerSide {
  const commit: Commit = (fn) => database.transaction({ tenantId: '*' }, fn);
  return {
    reconcilers: [
      createRemovalReconciler({ clock }),
      createMoveReconciler({ clock }),
      sweep('queue-expiry', EXPIRY_MS, (signal) => removeExpired(commit, signal)),
      sweep('queue-expiry-all', WHOLE_EXPIRY_MS, (signal) => removeAllExpired(commit, signal)),
    ],
  };
}
