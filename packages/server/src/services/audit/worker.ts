import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { createShortMemory } from '../../kernel/short-memory.ts';
import type { WorkerSide } from '../../kernel/service.ts';
import type { Database } from '../../kernel/sql/pool.ts';
import { sweep } from '../../kernel/sweep.ts';
import { archiveCheckpoints, pruneArchived } from './archive.ts';
import { writeCheckpoints } from './checkpoint.ts';
import { headIn } from './head.ts';
import type { RetentionBounds } from './retention.ts';

export interface AuditWorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** The Ed25519 key that signs checkpoints. */
  readonly auditKey: KeyObject;
  /** The worker's folder: the newest checkpoint and the archives. */
  readonly auditFolder: string;
}

const CHECKPOINT_MS = 60_000;
const ARCHIVE_MS = 600_000;

export function createAuditWorker(deps: AuditWorkerDeps, bounds: RetentionBounds): WorkerSide {
  const head = headIn(join(deps.auditFolder, 'head.json'));
  const archive = { ...deps, folder: join(deps.auditFolder, 'archive'), bounds };
  return {
    reconcilers: [
      sweep('audit-checkpoint', CHECKPOINT_MS, async (signal) => {
        await writeCheckpoints({ ...deps, privateKey: deps.auditKey, head }, signal);
      }),
      sweep('audit-archive', ARCHIVE_MS, async (signal) => {
        while (await archiveCheckpoints(archive, signal));
        await pruneArchived(archive, signal);
      }),
    ],
  };
}

/** Most rows that are counted for a metric. */
const MOST_COUNTED = 100_000;

/** What no checkpoint covers yet: how much, and since when. */
export function addAuditMetrics(metrics: Metrics, database: Database, clock: Clock): void {
  // Both gauges are asked for at the same moment.
  const memory = createShortMemory<{ readonly rows: number; readonly age: number }>(clock);
  const count = () =>
    database.transaction({ tenantId: '*' }, async (sql) => {
      const [row] = await sql.query<{ rows: number; age: number }>(
        'audit.count_uncovered',
        `select count(*)::int as rows, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as age from (
           select created_at from audit_logs
           where xid >= coalesce((select to_xid from audit_checkpoints order by number desc limit 1), '0'::xid8) limit ${MOST_COUNTED}) as uncovered`,
      );
      return row!;
    });
  const look = async () => (await memory.get('', count))!;
  metrics.gauge(
    'thecloud_audit_unverified_rows',
    `Audit rows that no checkpoint covers yet, at most ${MOST_COUNTED}`,
    async () => (await look()).rows,
  );
  metrics.gauge(
    'thecloud_audit_checkpoint_age_seconds',
    'Age of the oldest audit row that no checkpoint covers yet; 0 if all are covered',
    async () => (await look()).age,
  );
}
