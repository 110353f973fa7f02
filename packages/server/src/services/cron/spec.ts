import { readTargetUrl } from '../../kernel/egress/target.ts';
import { invalidInput, notFound } from '../../kernel/errors.ts';
import { holdRow } from '../../kernel/resource.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Call } from '../../kernel/service.ts';
import { QUEUES } from '../queues/index.ts';
import { openHeaders, readHeaders, sealHeaders } from './headers.ts';
import type { CronJobRow, CronJobSpec } from './job.ts';

/** Members of a call that say what a job's target is. */
export interface GivenTarget {
  readonly target_queue_id?: string;
  readonly target_url?: string;
  readonly target_method?: string;
  readonly target_headers?: readonly string[];
}

type Target = Pick<
  CronJobSpec,
  'target_queue_id' | 'target_url' | 'target_method' | 'target_headers_sealed' | 'target_header_names'
>;

const NO_CALL = {
  target_url: null,
  target_method: null,
  target_headers_sealed: null,
  target_header_names: [],
} as const;

export interface TargetDeps {
  readonly sealer: Pick<Sealer, 'seal' | 'open'>;
  /** Networks that are not public and may be called. */
  readonly callNetworks: readonly string[];
}

type Job = Pick<CronJobRow, 'id' | 'tenant_id'> & Target;

/** The target that a job gets; what a call leaves out stays. Throws NOT_FOUND or INVALID_INPUT. */
export async function targetOf(
  deps: TargetDeps,
  { sql, tenantId }: Pick<Call, 'sql' | 'tenantId'>,
  given: GivenTarget,
  job: Job,
): Promise<Target> {
  const { target_queue_id: queue, target_url: url, target_method: method, target_headers: headers } = given;
  const isCall = url !== undefined || (queue === undefined && job.target_url !== null);
  if (queue !== undefined && url !== undefined)
    throw invalidInput('target_queue_id and target_url are both given; a cron job has one target');
  if (!isCall) {
    if (method !== undefined || headers !== undefined)
      throw invalidInput('target_method and target_headers are for jobs with a target_url; leave them out');
    return {
      ...NO_CALL,
      target_queue_id: queue === undefined ? job.target_queue_id : await holdQueue({ sql, tenantId }, queue),
    };
  }
  const target = url === undefined ? job.target_url! : readTargetUrl('target_url', url, deps.callNetworks).href;
  return {
    target_queue_id: null,
    target_url: target,
    target_method: method ?? job.target_method ?? 'POST',
    ...headersOf(deps.sealer, headers, job),
  };
}

function headersOf(
  sealer: TargetDeps['sealer'],
  lines: readonly string[] | undefined,
  job: Job,
): Pick<Target, 'target_headers_sealed' | 'target_header_names'> {
  const { target_headers_sealed, target_header_names } = job;
  const before = { target_headers_sealed, target_header_names };
  if (lines === undefined) return before;
  const headers = readHeaders(lines);
  const old = openHeaders(sealer, { ...job, job_id: job.id });
  // Sealed once more they would differ from what they are.
  if (JSON.stringify(old) === JSON.stringify(headers)) return before;
  return { target_headers_sealed: sealHeaders(sealer, job, headers), target_header_names: Object.keys(headers) };
}

/** The id of a queue that a job may send to. */
async function holdQueue({ sql, tenantId }: Pick<Call, 'sql' | 'tenantId'>, ref: string): Promise<string> {
  const queue = await holdRow(sql, QUEUES, tenantId, ref);
  if (!queue) throw notFound('queue', ref);
  if (queue.fifo)
    throw invalidInput(
      `target_queue_id '${ref}' is a FIFO queue, which cron jobs cannot send to; use a standard queue`,
    );
  return queue.id;
}

/** A job that has no target yet. */
export const untargeted = (id: string, tenantId: string): Job => ({
  id,
  tenant_id: tenantId,
  target_queue_id: null,
  ...NO_CALL,
});

/** Members of a call that say when a job runs. */
export interface GivenTimes {
  readonly schedule?: string;
  readonly timezone?: string;
  readonly starts_at?: string;
  readonly ends_at?: string;
  readonly window_minutes?: number;
}

type Times = Pick<CronJobSpec, 'schedule' | 'timezone' | 'starts_at' | 'ends_at' | 'window_minutes'>;

/** When a job runs; what a call leaves out stays. */
export function timesOf(given: GivenTimes, job: Times): Times {
  const time = (text: string | undefined, before: Date | null): Date | null =>
    text === undefined ? before : new Date(text);
  return {
    schedule: given.schedule ?? job.schedule,
    timezone: given.timezone ?? job.timezone,
    window_minutes: given.window_minutes ?? job.window_minutes,
    starts_at: time(given.starts_at, job.starts_at),
    ends_at: time(given.ends_at, job.ends_at),
  };
}
