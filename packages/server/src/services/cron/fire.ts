import { newId } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { deliver } from '../queues/index.ts';
import type { CronJobRow } from './job.ts';
import { createPgCronJobRepository } from './job-repository.pg.ts';
import type { CronRunRow } from './run.ts';

/** A tick of a job, or null if somebody asked for the run. */
export interface Tick {
  readonly job: CronJobRow;
  readonly at: Date | null;
}

/** As many as one call of `deliver` takes. */
const BATCH = 200;

/**
 * Runs jobs: their messages and the record of their runs are in the caller's transaction, with whatever made it run them. So a run that is recorded has
 * sent its message, and no run sends two.
 */
export async function fire(sql: Sql, ticks: readonly Tick[], now: Date): Promise<readonly CronRunRow[]> {
  const runs: (CronRunRow & { readonly tenant_id: string })[] = [];
  for (let from = 0; from < ticks.length; from += BATCH) {
    const batch = ticks.slice(from, from + BATCH);
    const targeted = batch.filter(({ job }) => job.target_queue_id !== null);
    const delivered = await deliver(
      sql,
      targeted.map(({ job }) => ({
        tenantId: job.tenant_id,
        queueId: job.target_queue_id!,
        body: job.target_payload,
        sender: job.user_id,
      })),
      now,
    );
    const results = new Map(targeted.map((tick, place) => [tick, delivered[place]!]));
    for (const tick of batch) {
      const result = results.get(tick) ?? { error: 'the queue was deleted' };
      runs.push({
        id: newId(now.getTime()),
        tenant_id: tick.job.tenant_id,
        job_id: tick.job.id,
        status: 'error' in result ? 'FAILED' : 'SUCCESS',
        scheduled_at: tick.at,
        started_at: now,
        ended_at: now,
        output: 'error' in result ? null : result.messageId,
        error: 'error' in result ? result.error : null,
      });
    }
  }
  if (runs.length > 0) await createPgCronJobRepository(sql).insertRuns(runs);
  return runs;
}
