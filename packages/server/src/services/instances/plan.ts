import type { MachineEnd, SeenMachine } from './compute-engine.ts';
import type { InstanceRow } from './instance.ts';

/**
 * If the first process ends by itself, the next start is at least 10 s after the previous start, then 20 s, 40 s, up to 5 minutes. A process
 * that ran for longer restarts immediately, so a `reboot` inside does not wait. After ten minutes of running, the gap resets. These are the
 * figures of Kubernetes, which people know.
 */
export const FIRST_GAP_MS = 10_000;
export const LONGEST_GAP_MS = 5 * 60_000;
export const GOOD_RUN_MS = 10 * 60_000;

/** The next step towards the spec. Each is one engine call or one commit. */
export type Step =
  | { readonly do: 'remove' }
  | { readonly do: 'discard' }
  | { readonly do: 'forget' }
  /** Record that the machine was lost and is being recreated. */
  | { readonly do: 'lose' }
  /** Record STARTING: it should run and does not, or is retried after an error. */
  | { readonly do: 'begin' }
  | { readonly do: 'define' }
  | { readonly do: 'start' }
  | Told
  /** The first process ended too soon after its start; restart not before `until`. */
  | { readonly do: 'rest'; readonly until: Date }
  | { readonly do: 'stop' }
  /** Record the observed status. */
  | { readonly do: 'note'; readonly status: 'RUNNING' | 'STOPPED'; readonly restarted: boolean }
  | { readonly do: 'nothing' };

/** Record that the first process ended by itself. */
export interface Told {
  readonly do: 'tell';
  /** The newest of them. */
  readonly end: MachineEnd;
  /** Number of ends recorded after this step, and how many of them are new. */
  readonly ends: number;
  readonly news: number;
  readonly crashes: number;
  /** `down`: restart, but not before `until`. */
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
 * Chooses one step from the spec and the observed machine. Pure.
 *
 * A tombstone has priority. An error waits for a new version of the spec, and a rest for its time. A missing machine is recreated, even if
 * somebody else removed it; a machine that exists in name only is discarded first. The end of the first process is recorded before anything
 * else follows from it. A reboot is a stop, a note that it was done, and a start. If a process dies in between, the user still sees only one
 * reboot, because the machine is down between the note and the start.
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
  // A frozen or broken machine must stop first.
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

/** Whether the instance has failed and waits for a new version of its spec. */
export const hasFailed = (wanted: Pick<Wanted, 'status' | 'reason_code' | 'version' | 'observed_version'>): boolean =>
  wanted.status === 'ERROR' && wanted.reason_code !== 'RESTING' && wanted.observed_version === wanted.version;

/**
 * End of the present rest, or undefined. A new version of the spec does not wait. A rest is never longer than its gap, even if the
 * clock is set back.
 */
export function restsUntil(
  wanted: Pick<Wanted, 'reason_code' | 'phase_deadline' | 'version' | 'observed_version' | 'crashes'>,
  now: number,
): Date | undefined {
  if (wanted.reason_code !== 'RESTING' || wanted.observed_version !== wanted.version) return undefined;
  const until = Math.min(wanted.phase_deadline?.getTime() ?? now, now + gapOf(wanted.crashes));
  return until > now ? new Date(until) : undefined;
}

/** Minimum milliseconds from start to start after this many consecutive ends. */
export const gapOf = (crashes: number): number =>
  Math.min(LONGEST_GAP_MS, FIRST_GAP_MS * 2 ** Math.min(10, Math.max(0, crashes - 1)));

/** The step for ends that are not recorded yet. */
function endOf(wanted: Wanted, { state, runs }: Seen, now: number): Told | undefined {
  if (!runs?.lastEnd) return undefined;
  const { ends, lastEnd: end } = runs;
  // Fewer than recorded: the count was lost, for example on a full disk, and began again at 0.
  const news = ends < wanted.observed_ends ? ends : ends - wanted.observed_ends;
  if (news === 0) return undefined;
  // An end by the host's stop is not a failure: it counts, but without a rest.
  const ran = end.ranMs ?? Number.POSITIVE_INFINITY;
  const crashes = end.ranMs === undefined ? wanted.crashes : ran >= GOOD_RUN_MS ? 1 : wanted.crashes + news;
  const isWanted = wanted.power === 'running' && wanted.observed_restart === wanted.restart_generation;
  const next = isWanted && state !== 'running' ? 'down' : 'unchanged';
  const gap = gapOf(crashes);
  // The time since the end counts, unless the clock was set back.
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
