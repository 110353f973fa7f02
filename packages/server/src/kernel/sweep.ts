import { type Reconciler, settled } from './reconcile.ts';
import { wake } from './reconcile-queue.ts';
import type { Sql } from './sql/tx.ts';

/** The id of every sweep's row: its kind alone says which it is. */
export const SWEEP_ID = '00000000-0000-7000-8000-00000000005e';

/**
 * Work that comes back each `ms` milliseconds and that one worker does, however many there are: a row of the queue of work with a fixed id,
 * with its lease, back-off and metrics.
 */
export const sweep = (name: string, ms: number, run: (signal: AbortSignal) => Promise<void>): Reconciler => ({
  kind: `sweep:${name}`,
  concurrency: 1,
  resyncMs: ms,
  async pass({ signal }) {
    await run(signal);
    return settled;
  },
});

/** Puts the sweeps' rows into the queue, at the start of each worker. */
export async function wakeSweeps(sql: Sql, reconcilers: readonly Reconciler[]): Promise<void> {
  for (const { kind } of reconcilers)
    if (kind.startsWith('sweep:')) await wake(sql, { kind, id: SWEEP_ID, tenantId: null, hostId: null });
}
