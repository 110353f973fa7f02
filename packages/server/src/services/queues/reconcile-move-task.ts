import type { Clock } from '../../kernel/clock.ts';
import { recordPassEvent } from '../../kernel/pass.ts';
import { again, gone, type Outcome, type Pass, type Reconciler } from '../../kernel/reconcile.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { createPgFifoMessages } from './fifo-messages.pg.ts';
import { createPgMoveRepository, type Moved, type MovingTask } from './move-repository.pg.ts';
import { announce, clearFifo } from './reconcile-removal.ts';
import { FIRST } from './removal-repository.pg.ts';

/** Messages that one transaction moves at most. */
const BATCH = 500;
/** Milliseconds after which a pass lets other tasks have their turn. */
const TURN_MS = 1_000;
/** Milliseconds until messages are tried again that somebody holds. */
const HELD_MS = 100;
const RESYNC_MS = 3_600_000;

/** Moves the messages of redrive tasks. Each batch and its count are one transaction: a pass that is cut off loses and doubles nothing. */
export function createMoveReconciler({ clock }: { readonly clock: Clock }): Reconciler {
  async function pass(pass: Pass): Promise<Outcome> {
    const task = await pass.read((sql) => createPgMoveRepository(sql).load(pass.id));
    if (task?.status !== 'RUNNING') return gone;
    if (task.source_deleted) return end(pass, task, 'the queue was deleted');
    if (task.destination_deleted) return end(pass, task, 'the destination was deleted');
    const rate = task.max_per_second;
    const most = rate === null ? BATCH : Math.ceil(rate / 4);
    if (task.moved === 0) await pass.commit((sql) => createPgMoveRepository(sql).count(task.id));
    const turnEnds = clock.monotonic() + TURN_MS;
    // An expired message would hold up its group.
    const source = { id: task.source_queue_id, tenant_id: task.tenant_id, fifo: true };
    if (task.fifo && !(await clearFifo(pass.commit, source, () => clock.monotonic() > turnEnds)))
      return again(0, 'there are more messages to remove first');
    for (let from = FIRST; ; ) {
      pass.signal.throwIfAborted();
      const batch = await pass.commit((sql) => move(sql, task, from, most));
      if (batch === undefined) return gone;
      if (batch.lost > 0)
        return end(
          pass,
          task,
          `${batch.lost} or more messages have no queue to go back to: it was deleted, or they were sent to this queue; name a destination`,
        );
      const restMs = rate === null ? 0 : Math.ceil((1_000 * batch.moved) / rate);
      if (batch.held) return again(Math.max(HELD_MS, restMs), 'others hold messages of the queue');
      if (batch.last) return end(pass, task);
      if (rate !== null) return again(restMs, `at most ${rate} messages a second`);
      if (clock.monotonic() > turnEnds) return again(0, 'there are more messages to move');
      from = batch.next;
    }
  }
  return { kind: 'queue_move_task', concurrency: 2, resyncMs: RESYNC_MS, pass };
}

/** Undefined: the task was cancelled. */
async function move(sql: Sql, task: MovingTask, from: string, most: number): Promise<Moved | undefined> {
  const moves = createPgMoveRepository(sql);
  if (!(await moves.hold(task.id))) return undefined;
  const batch = task.fifo ? await moveFifo(sql, task, most) : await moves.move(task.id, from, most);
  if (batch.moved > 0) {
    await moves.addMoved(task.id, batch.moved);
    await announce(sql, batch.filled);
  }
  return batch;
}

/** Group by group in order. */
async function moveFifo(sql: Sql, task: MovingTask, most: number): Promise<Moved> {
  const { moved, busy, filled } = await createPgFifoMessages(sql).move({
    tenantId: task.tenant_id,
    sourceId: task.source_queue_id,
    destinationId: task.destination_queue_id ?? undefined,
    // PostgreSQL's time is to the microsecond, and a Date's to the millisecond before it.
    by: new Date(task.created_at.getTime() + 1),
    max: most,
  });
  const last = moved < most && !busy;
  return {
    moved,
    filled,
    held: busy,
    last,
    next: FIRST,
    lost: last ? await createPgMoveRepository(sql).countLost(task.id) : 0,
  };
}

async function end(pass: Pass, task: MovingTask, reason?: string): Promise<Outcome> {
  await pass.commit(async (sql) => {
    const moves = createPgMoveRepository(sql);
    if (!(await moves.hold(task.id))) return;
    const status = reason === undefined ? 'COMPLETED' : 'FAILED';
    await moves.end(task.id, status, reason ?? null);
    const ended = await moves.load(task.id);
    await recordPassEvent(
      sql,
      'queue',
      { id: task.source_queue_id, tenant_id: task.tenant_id },
      `QUEUE_REDRIVE_${status}`,
      { task: task.id, moved: ended?.moved ?? 0, ...(reason === undefined ? {} : { reason }) },
    );
  });
  return gone;
}
