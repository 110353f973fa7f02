import type { SeenMachine } from './compute-engine.ts';
import type { InstanceRow } from './instance.ts';

/** What ends sooner after its start is not started again before this time is over: a bad command must not keep the host busy. */
export const MIN_RUN_MS = 5_000;

/** The next step towards what the row wants. Each is one call of the engine or one commit. */
export type Step =
  | { readonly do: 'remove' }
  | { readonly do: 'discard' }
  | { readonly do: 'forget' }
  /** Tell that the machine is gone that there was, and that another one is made. */
  | { readonly do: 'lose' }
  /** Write that it is on its way (again): what ended by itself, or is tried again after an error. */
  | { readonly do: 'begin' }
  | { readonly do: 'define' }
  | { readonly do: 'start' }
  /** It ended right after its start: it is not started again before `until`. */
  | { readonly do: 'rest'; readonly until: Date }
  | { readonly do: 'stop' }
  /** Write what was seen. */
  | { readonly do: 'note'; readonly status: 'RUNNING' | 'STOPPED'; readonly restarted: boolean }
  | { readonly do: 'nothing' };

/** What plan() reads of a row. */
export type Wanted = Pick<
  InstanceRow,
  | 'power'
  | 'restart_generation'
  | 'deleted_at'
  | 'status'
  | 'reason_code'
  | 'phase'
  | 'phase_deadline'
  | 'version'
  | 'observed_version'
  | 'observed_restart'
  | 'started_at'
>;

/**
 * Pure: what the row wants and what is seen, to one step.
 *
 * A tombstone wins over all. An error waits for a new version of the spec. A machine that is missing is made again, also when it was
 * removed behind our back; one that is there in name only is discarded first. A reboot is a stop, a note that it was done, and a start:
 * whatever dies in between, it is not done twice from the user's view, since the note and the start are apart only while it is down.
 */
export function plan(wanted: Wanted, seen: Pick<SeenMachine, 'state'> | undefined, now: number): Step {
  if (wanted.deleted_at) return seen ? { do: 'remove' } : { do: 'forget' };
  if (hasFailed(wanted)) return { do: 'nothing' };
  if (!seen || seen.state === 'lost') {
    if (wanted.phase === 'made') return { do: 'lose' };
    if (wanted.status !== 'STARTING') return { do: 'begin' };
    return seen ? { do: 'discard' } : { do: 'define' };
  }
  const restartDue = wanted.observed_restart < wanted.restart_generation;
  const up = seen.state === 'running';
  // Frozen and broken machines can go nowhere but down first.
  if (seen.state === 'frozen' || seen.state === 'error') return { do: 'stop' };
  if (wanted.power === 'stopped') {
    if (up) return { do: 'stop' };
    return isNoted(wanted, 'STOPPED') ? { do: 'nothing' } : { do: 'note', status: 'STOPPED', restarted: restartDue };
  }
  if (restartDue) return up ? { do: 'stop' } : { do: 'note', status: 'STOPPED', restarted: true };
  if (up) return isNoted(wanted, 'RUNNING') ? { do: 'nothing' } : { do: 'note', status: 'RUNNING', restarted: false };
  const until = restsUntil(wanted);
  if (until !== undefined && now < until.getTime()) return { do: 'rest', until };
  return wanted.status === 'RUNNING' || wanted.status === 'ERROR' ? { do: 'begin' } : { do: 'start' };
}

/** Until its owner wants something else there is nothing to do. */
export const hasFailed = (wanted: Pick<Wanted, 'status' | 'version' | 'observed_version'>): boolean =>
  wanted.status === 'ERROR' && wanted.observed_version === wanted.version;

/** Of one that is down and should run. What its owner has wished meanwhile does not wait. */
function restsUntil(wanted: Wanted): Date | undefined {
  if (wanted.observed_version !== wanted.version) return undefined;
  if (wanted.reason_code === 'RESTING') return wanted.phase_deadline ?? undefined;
  if (wanted.status !== 'RUNNING' || wanted.started_at === null) return undefined;
  return new Date(wanted.started_at.getTime() + MIN_RUN_MS);
}

const isNoted = (wanted: Wanted, status: 'RUNNING' | 'STOPPED'): boolean =>
  wanted.status === status &&
  wanted.reason_code === null &&
  wanted.observed_version === wanted.version &&
  wanted.observed_restart === wanted.restart_generation;
