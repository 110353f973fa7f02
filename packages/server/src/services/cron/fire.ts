import { newId } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { deliver } from '../queues/index.ts';
import type { CronJobRow } from './job.ts';
import { createPgCronJobRepository } from './job-repository.pg.ts';
import type { CronRunRow } from './run.ts';

/** A tick of a job. */
export interface Tick {
  readonly job: CronJobRow;
  /** Null: somebody asked for the run. */
  readonly at: Date | null;
  /** Why it cannot run. */
  readonly flaw?: string;
}

/** As many as one call of `deliver` takes. */
const BATCH = 200;
/** Most runs of a job that are under way: a target that does not answer gathers no more. */
const MOST_OPEN = 10;

type Outcome = Pick<CronRunRow, 'status' | 'output' | 'error'>;
const failed = (error: string): Outcome => ({ status: 'FAILED', output: null, error });

/**
 * Runs jobs: their messages and the record of their runs are in the caller's transaction, with whatever made it run them. So a run that is recorded has
 * sent its message, and no run sends two. URLs are called later, by who looks for runs that are under way.
 */
export async function fire(sql: Sql, ticks: readonly Tick[], now: Date): Promise<readonly CronRunRow[]> {
  const jobs = createPgCronJobRepository(sql);
  const outcomes = new Map<Tick, Outcome>();
  const sent = ticks.filter(({ job, flaw }) => flaw === undefined && job.target_queue_id !== null);
  for (let from = 0; from < sent.length; from += BATCH) {
    const batch = sent.slice(from, from + BATCH);
    const delivered = await deliver(
      sql,
      batch.map(({ job }) => ({
        tenantId: job.tenant_id,
        queueId: job.target_queue_id!,
        body: job.target_payload,
        sender: job.user_id,
      })),
      now,
    );
    for (const [place, tick] of batch.entries()) {
      const result = delivered[place]!;
      outcomes.set(
        tick,
        'error' in result ? failed(result.error) : { status: 'SUCCESS', output: result.messageId, error: null },
      );
    }
  }
  const called = ticks.filter(({ job, flaw }) => flaw === undefined && job.target_url !== null);
  if (called.length > 0) {
    const open = new Map(await jobs.countOpen([...new Set(called.map(({ job }) => job.id))]));
    for (const tick of called) {
      const before = open.get(tick.job.id) ?? 0;
      const outcome = start(tick.job, before);
      if (outcome.status === 'RUNNING') open.set(tick.job.id, before + 1);
      outcomes.set(tick, outcome);
    }
  }
  const runs = ticks.map((tick) => {
    const outcome = outcomes.get(tick) ?? failed(tick.flaw ?? 'the queue was deleted');
    return {
      ...outcome,
      id: newId(now.getTime()),
      tenant_id: tick.job.tenant_id,
      job_id: tick.job.id,
      scheduled_at: tick.at,
      started_at: now,
      ended_at: outcome.status === 'RUNNING' ? null : now,
      attempts: 0,
      next_attempt_at: outcome.status === 'RUNNING' ? now : null,
      status_code: null,
      duration_ms: null,
    };
  });
  for (let from = 0; from < runs.length; from += BATCH) await jobs.insertRuns(runs.slice(from, from + BATCH));
  return runs;
}

function start({ overlap }: CronJobRow, before: number): Outcome {
  const error =
    before >= MOST_OPEN
      ? `${MOST_OPEN} runs before it are under way`
      : before > 0 && overlap === 'skip'
        ? 'the run before it is under way'
        : null;
  return { status: error === null ? 'RUNNING' : 'SKIPPED', output: null, error };
}
