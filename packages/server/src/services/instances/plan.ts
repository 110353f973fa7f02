import type { MachineEnd, SeenMachine } from './compute-engine.ts';
import type { InstanceRow } from './instance.ts';

/**
 * Starts of what ends by itself are 10 s apart after its first end, then 20 s, 40 s … and at most 5 minutes, counted from start to start:
 * what ran for longer than that is started at once, so that a `reboot` inside costs no rest. The figures are those of Kubernetes, which people
 * know; so is that ten minutes of running are taken for well.
 */
export const FIRST_GAP_MS = 10_000;
export const LONGEST_GAP_MS = 5 * 60_000;
export const GOOD_RUN_MS = 10 * 60_000;

/** The next step towards what the row wants. Each is one call of the engine or one commit. */
export type Step =
  | { readonly do: 'remove' }
  | { readonly do: 'discard' }
  | { readonly do: 'forget' }
  /** Tell that the machine is gone that there was, and that another one is made. */
  | { readonly do: 'lose' }
  /** Write that it is on its way (again): what is to run and does not, or is tried again after an error. */
  | { readonly do: 'begin' }
  | { readonly do: 'define' }
  | { readonly do: 'start' }
  | Told
  /** It ended too soon after its start: it is not started again before `until`. */
  | { readonly do: 'rest'; readonly until: Date }
  | { readonly do: 'stop' }
  /** Write what was seen. */
  | { readonly do: 'note'; readonly status: 'RUNNING' | 'STOPPED'; readonly restarted: boolean }
  | { readonly do: 'nothing' };

/** Tell that its first process ended by itself. */
export interface Told {
  readonly do: 'tell';
  /** The newest of them. */
  readonly end: MachineEnd;
  /** How many ends of the machine are told then, and how many of them are news. */
  readonly ends: number;
  readonly news: number;
  readonly crashes: number;
  /** `down`: it is to be started again, and not before `until`. */
  readonly next: 'down' | 'unchanged';
  readonly until?: Date;
}

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
  | 'observed_ends'
  | 'crashes'
  | 'started_at'
>;

export type Seen = Pick<SeenMachine, 'state' | 'runs'>;

/**
 * Pure: what the row wants and what is seen, to one step.
 *
 * A tombstone wins over all. An error waits for a new version of the spec, a rest for its time. A machine that is missing is made again, also
 * when it was removed behind our back; one that is there in name only is discarded first. An end of its first process is told before anything
 * follows from it. A reboot is a stop, a note that it was done, and a start: whatever dies in between, it is not done twice from the user's
 * view, since the note and the start are apart only while it is down.
 */
export function plan(wanted: Wanted, seen: Seen | undefined, now: number): Step {
  if (wanted.deleted_at) return seen ? { do: 'remove' } : { do: 'forget' };
  if (hasFailed(wanted)) return { do: 'nothing' };
  const until = restsUntil(wanted, now);
  if (until) return { do: 'rest', until };
  if (!seen || seen.state === 'lost') {
    if (wanted.phase === 'made') return { do: 'lose' };
    if (wanted.status !== 'STARTING') return { do: 'begin' };
    return seen ? { do: 'discard' } : { do: 'define' };
  }
  const told = endOf(wanted, seen, now);
  if (told) return told;
  const restartDue = wanted.observed_restart < wanted.restart_generation;
  const up = seen.state === 'running';
  // Frozen and broken machines can go nowhere but down first.
  if (seen.state === 'frozen' || seen.state === 'error') return { do: 'stop' };
  if (wanted.power === 'stopped') {
    if (up) return { do: 'stop' };
    return isNoted(wanted, seen, 'STOPPED')
      ? { do: 'nothing' }
      : { do: 'note', status: 'STOPPED', restarted: restartDue };
  }
  if (restartDue) return up ? { do: 'stop' } : { do: 'note', status: 'STOPPED', restarted: true };
  if (up)
    return isNoted(wanted, seen, 'RUNNING') ? { do: 'nothing' } : { do: 'note', status: 'RUNNING', restarted: false };
  return wanted.status === 'RUNNING' || wanted.status === 'ERROR' ? { do: 'begin' } : { do: 'start' };
}

/** Until its owner wants something else there is nothing to do. */
export const hasFailed = (wanted: Pick<Wanted, 'status' | 'reason_code' | 'version' | 'observed_version'>): boolean =>
  wanted.status === 'ERROR' && wanted.reason_code !== 'RESTING' && wanted.observed_version === wanted.version;

/**
 * Until when it rests; undefined: it does not. A request of its owner does not wait. No rest is longer than the gap that it
 * came from, whatever a clock that was set back makes of its end.
 */
export function restsUntil(
  wanted: Pick<Wanted, 'reason_code' | 'phase_deadline' | 'version' | 'observed_version' | 'crashes'>,
  now: number,
): Date | undefined {
  if (wanted.reason_code !== 'RESTING' || wanted.observed_version !== wanted.version) return undefined;
  const until = Math.min(wanted.phase_deadline?.getTime() ?? now, now + gapOf(wanted.crashes));
  return until > now ? new Date(until) : undefined;
}

/** Milliseconds from start to start after so many ends in a row. */
export const gapOf = (crashes: number): number =>
  Math.min(LONGEST_GAP_MS, FIRST_GAP_MS * 2 ** Math.min(10, Math.max(0, crashes - 1)));

/** What is to be told of ends that were not told yet. */
function endOf(wanted: Wanted, { state, runs }: Seen, now: number): Told | undefined {
  if (!runs?.lastEnd || runs.ends <= wanted.observed_ends) return undefined;
  const { ends, lastEnd: end } = runs;
  const news = ends - wanted.observed_ends;
  // What was cut off with its host did not fail: it is counted, and does not rest.
  const ran = end.ranMs ?? Number.POSITIVE_INFINITY;
  const crashes = end.ranMs === undefined ? wanted.crashes : ran >= GOOD_RUN_MS ? 1 : wanted.crashes + news;
  const isWanted = wanted.power === 'running' && wanted.observed_restart === wanted.restart_generation;
  const next = isWanted && state !== 'running' ? 'down' : 'unchanged';
  const gap = gapOf(crashes);
  // How long it has been down already counts; a clock that was set back counts for nothing.
  const left = gap - ran - Math.max(0, now - end.at);
  return {
    do: 'tell',
    end,
    ends,
    news,
    crashes,
    next,
    ...(next === 'down' && left > 0 ? { until: new Date(now + left) } : {}),
  };
}

const isNoted = (wanted: Wanted, { runs }: Seen, status: 'RUNNING' | 'STOPPED'): boolean =>
  wanted.status === status &&
  wanted.reason_code === null &&
  wanted.observed_version === wanted.version &&
  wanted.observed_restart === wanted.restart_generation &&
  (runs === undefined || runs.ends === wanted.observed_ends) &&
  (status === 'STOPPED' || runs?.startedAt === undefined || runs.startedAt === wanted.started_at?.getTime());
