import type { DataSide } from '../../kernel/data-side.ts';
import { type Egress, EgressError } from '../../kernel/egress/egress.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Repeat } from '../../kernel/service.ts';
import { type Attempt, createPgCallRepository, MOST_ATTEMPTS, type Result } from './call-repository.pg.ts';
import { openHeaders } from './headers.ts';

export interface CronCallerDeps extends Pick<DataSide, 'sql' | 'clock' | 'log'> {
  readonly egress: Egress;
  readonly sealer: Pick<Sealer, 'open'>;
}

/** Between two looks for runs whose call is due. */
const LOOK_MS = 250;

/** What the API's process does for cron jobs: it calls URLs. */
export const cronCalls = (deps: CronCallerDeps): Repeat => ({
  name: 'cron calls',
  ms: LOOK_MS,
  run: async (signal) => void (await beginCalls(deps, signal)),
});

/**
 * Begins the calls of all runs that are due and waits for none of them: a target that does not answer holds up no other. A call whose process dies is tried
 * again when its back-off ends. Returns the calls.
 */
export async function beginCalls(deps: CronCallerDeps, signal: AbortSignal): Promise<readonly Promise<void>[]> {
  const rooms = deps.egress.rooms();
  if (rooms.all === 0) return [];
  const attempts = await createPgCallRepository(deps.sql).take(rooms);
  return attempts.map((attempt) =>
    carryOut(deps, attempt, signal).catch((error: unknown) => {
      if (!signal.aborted)
        deps.log.warn({ err: error, run: attempt.id }, 'a call of a cron job could not be settled; it is tried again');
    }),
  );
}

async function carryOut(deps: CronCallerDeps, attempt: Attempt, signal: AbortSignal): Promise<void> {
  const { clock, sql } = deps;
  const begun = clock.monotonic();
  const result = await callTarget(deps, attempt, signal);
  const isLast = attempt.attempts >= MOST_ATTEMPTS;
  await createPgCallRepository(sql).settle(attempt, {
    ...result,
    status: result.status === 'RUNNING' && isLast ? 'FAILED' : result.status,
    duration_ms: Math.round(clock.monotonic() - begun),
  });
}

/** Statuses after which the same call may succeed. */
const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 425 || status === 429;

async function callTarget(
  { egress, sealer }: CronCallerDeps,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<Omit<Result, 'duration_ms'>> {
  const { tenant_id: tenantId, target_url: url, target_method: method } = attempt;
  const without = { status_code: null, output: null };
  if (url === null || method === null)
    return { ...without, status: 'FAILED', error: 'the job has had another target since' };
  try {
    const { status, text } = await egress.call(
      {
        tenantId,
        url,
        method,
        headers: openHeaders(sealer, attempt),
        body: method === 'GET' || method === 'HEAD' ? undefined : attempt.target_payload,
      },
      signal,
    );
    const answered = { status_code: status, output: text };
    if (status >= 200 && status < 300) return { ...answered, status: 'SUCCESS', error: null };
    const words = status >= 300 && status < 400 ? '; redirects are not followed' : '';
    return {
      ...answered,
      status: isPassing(status) ? 'RUNNING' : 'FAILED',
      error: `the URL answered ${status}${words}`,
    };
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    return { ...without, status: error.isPassing ? 'RUNNING' : 'FAILED', error: error.message };
  }
}
