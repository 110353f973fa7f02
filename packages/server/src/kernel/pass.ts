import { recordEvent } from './audit.ts';
import type { Availability } from './availability.ts';
import { type Changes, statusChange } from './changes.ts';
import { EngineError } from './engine-error.ts';
import { newId } from './ids.ts';
import { again, givenUp, type Outcome, parked, type Pass } from './reconcile.ts';
import { noteStatus, type ResourceRow, type Table } from './resource.ts';
import type { Sql } from './sql/tx.ts';

// What passes over things of every kind have in common: functions over the row that the pass has loaded.

/** Why a thing of any kind is not as wanted yet. A service adds codes of its own; `status_reason` has the words. */
export type CommonReason =
  | 'WAITING_FOR_ENGINE'
  | 'ENGINE_FAILED'
  /** The engine cannot do what is wanted; another spec may help. */
  | 'ENGINE_REFUSED'
  /** The host cannot end what runs; retried rarely. */
  | 'ENGINE_STUCK'
  | 'DELETE_DELAYED'
  /** Delayed for longer than STUCK_MS, or by what the host cannot end. */
  | 'DELETE_STUCK';

/** The status of every kind. Only passes write it. */
export interface StatusRow extends ResourceRow {
  readonly status: string;
  readonly status_reason: string | null;
  readonly reason_code: string | null;
  /** Until when `reason_code` may last; null: for any time. */
  readonly phase_deadline: Date | null;
  readonly observed_version: number | null;
}

/** A kind of thing as its passes know it. */
export interface Reconciled<Row extends StatusRow> {
  /** The status as the wire shows it, which is not always the column. */
  readonly statusOf: (row: Row) => string;
  readonly kind: string;
  readonly table: Table<Row>;
  /** The status after a final failure, and the status when the resource is retried after that. */
  readonly failed: Row['status'];
  readonly retried: Row['status'];
}

/**
 * A resource fails after this many milliseconds of consecutive failures (nine tries with the back-off) and at least this many tries, because
 * a clock that jumps forward must not fail a resource after one try.
 */
const MAX_FAILING_MS = 2 * 60_000;
const MIN_FAILURES = 5;
/** Milliseconds until an unavailable engine is called again. */
const AWAY_MS = 5_000;
/** Milliseconds that a deletion may be delayed before the platform records an event. */
const STUCK_MS = 5 * 60_000;

/**
 * Status reasons for an engine's errors. The engine's own text contains paths, names and sizes of the host, so it goes only to the log and to
 * the operator, as the queue's `last_error`.
 */
const REASONS = {
  WAITING_FOR_ENGINE: 'the host is not available at the moment; the platform continues when it is',
  ENGINE_FAILED: 'the host failed to do this; the platform retries it',
  GIVEN_UP:
    'the host kept failing to do this, so the platform stopped retrying; start the instance to retry, or ask the operator of the platform',
  ENGINE_REFUSED: 'the host cannot provide this configuration; delete it and create it with another one',
  ENGINE_STUCK:
    'some of its processes do not end although the host has killed them; until they do it counts against the quota, and the platform retries within ten minutes',
  DELETE_DELAYED: 'the host cannot remove it at the moment; the platform retries until it is gone',
} as const;

/** Records an event of a pass. */
export const recordPassEvent = (
  sql: Sql,
  kind: string,
  row: Pick<ResourceRow, 'id' | 'tenant_id'>,
  type: string,
  metadata: object = {},
  changes?: Changes,
): Promise<void> =>
  recordEvent(sql, {
    id: newId(),
    tenantId: row.tenant_id,
    actor: `system:${kind}`,
    type,
    resourceType: kind,
    resourceId: row.id,
    metadata,
    changes,
  });

/** What goes with a written status. */
interface Along {
  /** Names the event, where it is more than a change of status; it is recorded in any case. */
  readonly event?: { readonly type: string; readonly metadata?: object };
  /** More statements of the same commit. */
  readonly also?: (sql: Sql) => Promise<void>;
}

/**
 * Writes the columns that differ from the row in one commit, with one event if the status that people see changes. If none differs, does
 * nothing. Does not overwrite columns that
 * stay the same, which somebody else may have changed. Returns the row with the new status.
 */
export async function note<Row extends StatusRow>(
  pass: Pass,
  of: Reconciled<Row>,
  row: Row,
  status: Partial<Row>,
  along: Along = {},
): Promise<Row> {
  await write(pass, of, row, { ...status }, along);
  return { ...row, ...status };
}

async function write<Row extends StatusRow>(
  pass: Pass,
  of: Reconciled<Row>,
  row: Row,
  status: Partial<StatusRow>,
  { event, also }: Along = {},
): Promise<void> {
  const changed = Object.entries(status).filter(([column, value]) => !isSame(row[column as keyof StatusRow], value));
  if (changed.length === 0) return;
  const next = of.statusOf({ ...row, ...status });
  const changes = statusChange(of.statusOf(row), next);
  const reason = changes && status.status_reason ? { reason: status.status_reason } : {};
  await pass.commit(async (sql) => {
    await noteStatus(sql, of.table, row.id, Object.fromEntries(changed));
    if (event || changes)
      await recordPassEvent(
        sql,
        of.kind,
        row,
        event?.type ?? `${of.kind}_${next}`.toUpperCase(),
        { ...reason, ...event?.metadata },
        changes,
      );
    await also?.(sql);
  });
}

const isSame = (one: unknown, other: unknown): boolean =>
  one instanceof Date && other instanceof Date ? one.getTime() === other.getTime() : one === other;

/** Deadline of a reason: `ms` from now, or from the time when an earlier pass first recorded the reason. */
export const deadlineOf = (row: StatusRow, code: string, now: number, ms: number): Date =>
  row.reason_code === code && row.phase_deadline ? row.phase_deadline : new Date(now + ms);

/** Ends a pass with a final failure; the resource waits for a new spec. Users see `reason`, the operator sees `said`. */
export async function failForGood<Row extends StatusRow>(
  pass: Pass,
  of: Reconciled<Row>,
  row: Row,
  code: NonNullable<Row['reason_code']> | CommonReason,
  reason: string,
  said: string = reason,
): Promise<Outcome> {
  // Each version of a spec fails once.
  const isTold = row.status === of.failed && row.observed_version === row.version;
  const status = {
    status: of.failed,
    status_reason: reason,
    reason_code: code,
    phase_deadline: null,
    observed_version: row.version,
  };
  const event = { type: `${of.kind.toUpperCase()}_ERROR`, metadata: { reason } };
  await write(pass, of, row, status, isTold ? {} : { event });
  return givenUp(said);
}

/** Throws EngineError `unavailable` if the engine is not available. */
export async function requireEngine(engine: { availability(): Promise<Availability> }): Promise<void> {
  const ready = await engine.availability();
  if (!ready.ok) throw new EngineError('unavailable', ready.missing);
}

/**
 * Ends a pass by an error, in the same way for every kind. Rethrows anything but an EngineError, which is a bug of the platform.
 *
 * If the engine is unavailable, the resource waits without a limit. If the engine finds it invalid, or has failed for MAX_FAILING_MS, the
 * resource fails. What the host cannot end is retried apart from other work, because finding that out takes long. Everything else backs off
 * and is retried, and so is every deletion.
 */
export async function endByError<Row extends StatusRow>(
  pass: Pass,
  of: Reconciled<Row>,
  row: Row,
  error: unknown,
  now: number,
): Promise<Outcome> {
  // An interrupted pass is not a failure, so it is not shown.
  pass.signal.throwIfAborted();
  if (!(error instanceof EngineError)) throw error;
  if (error.kind === 'stuck') {
    await noteStuck(pass, of, row);
    return parked(error.message);
  }
  const isAway = error.kind === 'unavailable';
  const hasFailed = !isAway && pass.failingMs >= MAX_FAILING_MS && pass.attempts >= MIN_FAILURES;
  if (row.deleted_at) await noteDelay(pass, of, row, REASONS.DELETE_DELAYED, now);
  else {
    if (error.kind === 'invalid')
      return failForGood(pass, of, row, 'ENGINE_REFUSED', REASONS.ENGINE_REFUSED, error.message);
    if (hasFailed) return failForGood(pass, of, row, 'ENGINE_FAILED', REASONS.GIVEN_UP, error.message);
    const code = isAway ? 'WAITING_FOR_ENGINE' : 'ENGINE_FAILED';
    await write(pass, of, row, {
      // A retried resource has not failed.
      status: row.status === of.failed ? of.retried : row.status,
      status_reason: REASONS[code],
      reason_code: code,
      phase_deadline: null,
    });
  }
  if (isAway) return again(AWAY_MS, error.message);
  throw error;
}

/** Records on the row that the host cannot end what runs, with one event. */
async function noteStuck<Row extends StatusRow>(pass: Pass, of: Reconciled<Row>, row: Row): Promise<void> {
  const code = row.deleted_at ? 'DELETE_STUCK' : 'ENGINE_STUCK';
  const reason = REASONS.ENGINE_STUCK;
  const status = {
    status: row.status === of.failed ? of.retried : row.status,
    status_reason: reason,
    reason_code: code,
    phase_deadline: null,
  };
  const event = {
    type: `${of.kind.toUpperCase()}_${row.deleted_at ? 'DELETE_STUCK' : 'STUCK'}`,
    metadata: { reason },
  };
  await write(pass, of, row, status, row.reason_code === code ? {} : { event });
}

/** Records on the row why its deletion is delayed, and records one event if the delay exceeds STUCK_MS. */
export async function noteDelay<Row extends StatusRow>(
  pass: Pass,
  of: Reconciled<Row>,
  row: Row,
  reason: string,
  now: number,
): Promise<void> {
  const deadline = deadlineOf(row, 'DELETE_DELAYED', now, STUCK_MS);
  const wasStuck = row.reason_code === 'DELETE_STUCK';
  const isStuck = wasStuck || now > deadline.getTime();
  const status = {
    status_reason: reason,
    reason_code: isStuck ? 'DELETE_STUCK' : 'DELETE_DELAYED',
    phase_deadline: isStuck ? null : deadline,
  };
  const event = { type: `${of.kind.toUpperCase()}_DELETE_STUCK`, metadata: { reason } };
  await write(pass, of, row, status, isStuck && !wasStuck ? { event } : {});
}
