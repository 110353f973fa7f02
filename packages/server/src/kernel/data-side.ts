import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Notifier } from './notifier.ts';
import type { Sql } from './sql/tx.ts';

/** What a service of the data plane has in the API's process, beside the calls: for statements that it gathers over calls, and calls that wait. */
export interface DataSide {
  /** Acts as the role `cloud_data`: each statement must have the tenant, or the authorised target, in its predicate. */
  readonly sql: Sql;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborts when the process stops: calls that wait answer what they have. */
  readonly stopping: AbortSignal;
}
