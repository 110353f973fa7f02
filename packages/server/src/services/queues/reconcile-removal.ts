import type { Clock } from '../../kernel/clock.ts';
import { again, gone, type Outcome, type Pass, type Reconciler } from '../../kernel/reconcile.ts';
import { loadRow } from '../../kernel/resource.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { createPgFifoMessages } from './fifo-messages.pg.ts';
import { createPgMessageRepository } from './message-repository.pg.ts';
import { type QueueRow, QUEUES } from './queue.ts';
import {
  type Cleared,
  BATCH,
  createPgRemovalRepository,
  FIRST,
  type Listed,
  PAGE,
  PART_NAMES,
} from './removal-repository.pg.ts';

/** Runs a short transaction over all tenants. */
export type Commit = <T>(fn: (sql: Sql) => Promise<T>) => Promise<T>;

/** Milliseconds after which a pass lets others of the kind have their turn. */
const TURN_MS = 1_000;
/** Milliseconds until messages are looked at again that somebody holds. */
const HELD_MS = 200;
const RESYNC_MS = 3_600_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Removes what is over in a standard queue, from `begin` on, batch by batch, until there is no more or `isLate`. Answers where to go on; undefined:
 * there is no more.
 */
async function clear(
  commit: Commit,
  queueId: string,
  untouched: boolean,
  isLate: () => boolean,
  begin = FIRST,
): Promise<string | undefined> {
  for (let from = begin; ; ) {
    const { met, next } = await commit((sql) => createPgRemovalRepository(sql).remove(queueId, from, untouched));
    if (met === 0) return undefined;
    if (isLate()) return next;
    from = next;
  }
}

/** Removes what is over in a FIFO queue. Answers whether there is no more. */
export async function clearFifo(commit: Commit, queue: Cleared, isLate: () => boolean): Promise<boolean> {
  const { tenant_id: tenantId, id } = queue;
  return drain(() => commit((sql) => createPgFifoMessages(sql).expire(tenantId, id, BATCH)), isLate);
}

/** Repeats a removal until it removes nothing or `isLate`. Answers whether it removed nothing. */
async function drain(remove: () => Promise<number>, isLate: () => boolean): Promise<boolean> {
  while ((await remove()) > 0) if (isLate()) return false;
  return true;
}

/** Removes the messages of queues that were purged or deleted, and then those that were deleted. */
export function createRemovalReconciler({ clock }: { readonly clock: Clock }): Reconciler {
  // A queue may hold more messages that stay than a pass looks at: the next one goes on behind them.
  const reached = new Map<string, { readonly purge: number | undefined; readonly from: string }>();

  async function clearPurged({ commit }: Pass, row: QueueRow, isLate: () => boolean): Promise<boolean> {
    const purge = row.purged_before?.getTime();
    const before = reached.get(row.id);
    reached.delete(row.id);
    const from = await clear(commit, row.id, false, isLate, before?.purge === purge ? before?.from : FIRST);
    if (from !== undefined) reached.set(row.id, { purge, from });
    return from === undefined;
  }

  async function pass(pass: Pass): Promise<Outcome> {
    const row = await pass.read((sql) => loadRow(sql, QUEUES, pass.id));
    if (!row || row.deleted_at) reached.delete(pass.id);
    if (!row) return gone;
    const end = clock.monotonic() + TURN_MS;
    const isLate = () => {
      pass.signal.throwIfAborted();
      return clock.monotonic() > end;
    };
    const isDone = row.deleted_at
      ? await clearDeleted(pass, row, isLate)
      : row.fifo
        ? await clearFifo(pass.commit, row, isLate)
        : await clearPurged(pass, row, isLate);
    if (!isDone) return again(0, 'there are more messages to remove');
    if (!row.deleted_at) return gone;
    const isGone = await pass.commit((sql) => createPgRemovalRepository(sql).end(row.id));
    return isGone ? gone : again(HELD_MS, 'a call that had begun before still has messages of it');
  }
  return { kind: 'queue', concurrency: 2, resyncMs: RESYNC_MS, pass };
}

async function clearDeleted({ commit }: Pass, { id }: QueueRow, isLate: () => boolean): Promise<boolean> {
  if ((await clear(commit, id, false, isLate)) !== undefined) return false;
  if (!(await drain(() => commit((sql) => createPgRemovalRepository(sql).removeHidden(id)), isLate))) return false;
  for (const part of PART_NAMES)
    if (!(await drain(() => commit((sql) => createPgRemovalRepository(sql).removePart(part, id)), isLate)))
      return false;
  return true;
}

/** Removes expired messages that have been visible since they expired, which costs a look at each queue and no more. */
export async function removeExpired(commit: Commit, signal: AbortSignal): Promise<void> {
  const isLate = () => (signal.throwIfAborted(), false);
  for (;;) {
    const shown = await commit(async (sql) => {
      const queues = await createPgRemovalRepository(sql).show();
      if (queues.length > 0) await announce(sql, queues);
      return queues;
    });
    signal.throwIfAborted();
    if (shown.length === 0) break;
  }
  for await (const queue of pages(commit, (sql, after) => createPgRemovalRepository(sql).list(after)))
    await (queue.fifo ? clearFifo(commit, queue, isLate) : clear(commit, queue.id, true, isLate));
}

/**
 * Removes also expired messages of standard queues that were received, delayed or moved here before they expired. No order leads to these, so it
 * reads every message that there is.
 */
export async function removeAllExpired(commit: Commit, signal: AbortSignal): Promise<void> {
  const isLate = () => (signal.throwIfAborted(), false);
  for await (const { id } of pages(commit, (sql, after) => createPgRemovalRepository(sql).listWhole(after)))
    await clear(commit, id, false, isLate);
}

/** Of all queues that are not deleted those that are over. */
async function* pages(
  commit: Commit,
  list: (sql: Sql, after: string) => Promise<readonly Listed[]>,
): AsyncGenerator<Listed> {
  for (let after = FIRST_ID; ; ) {
    const page = await commit((sql) => list(sql, after));
    yield* page.filter((queue) => queue.is_over);
    if (page.length < PAGE) return;
    after = page.at(-1)!.id;
  }
}

/** Queues that one notification names: its payload has at most 8,000 bytes. */
const MOST_ANNOUNCED = 200;

/** Tells the API's processes that these queues have something; it is sent with the commit. */
export async function announce(sql: Sql, queueIds: readonly string[]): Promise<void> {
  for (let from = 0; from < queueIds.length; from += MOST_ANNOUNCED)
    await createPgMessageRepository(sql).announce('', queueIds.slice(from, from + MOST_ANNOUNCED));
}
