import type { SeenMachine } from './compute-engine.ts';
import type { InstanceRow } from './instance.ts';

/** The next step towards what the row wants. Each is one call of the engine or one commit; after it the world is looked at anew. */
export type Step =
  | { readonly do: 'remove' }
  | { readonly do: 'discard' }
  | { readonly do: 'forget' }
  | { readonly do: 'define' }
  | { readonly do: 'start' }
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
  | 'status_reason'
  | 'version'
  | 'observed_version'
  | 'observed_restart'
>;

/**
 * Pure: what the row wants and what is seen, to one step.
 *
 * A tombstone wins over all. An error waits for a new version of the spec. A machine that is missing is made again, also when it was
 * removed behind our back; one that is there in name only is discarded first. A reboot is a stop, a note that it was done, and a start:
 * whatever dies in between, it is not done twice from the user's view, since the note and the start are apart only while it is down.
 */
export function plan(wanted: Wanted, seen: Pick<SeenMachine, 'state'> | undefined): Step {
  if (wanted.deleted_at) return seen ? { do: 'remove' } : { do: 'forget' };
  if (wanted.status === 'ERROR' && wanted.observed_version === wanted.version) return { do: 'nothing' };
  if (!seen) return { do: 'define' };
  if (seen.state === 'lost') return { do: 'discard' };
  const restartDue = wanted.observed_restart < wanted.restart_generation;
  const up = seen.state === 'running';
  // Frozen and broken machines can go nowhere but down first.
  const between = seen.state === 'frozen' || seen.state === 'error';
  if (between) return { do: 'stop' };
  if (wanted.power === 'stopped') {
    if (up) return { do: 'stop' };
    return isNoted(wanted, 'STOPPED') ? { do: 'nothing' } : { do: 'note', status: 'STOPPED', restarted: restartDue };
  }
  if (restartDue) return up ? { do: 'stop' } : { do: 'note', status: 'STOPPED', restarted: true };
  if (!up) return { do: 'start' };
  return isNoted(wanted, 'RUNNING') ? { do: 'nothing' } : { do: 'note', status: 'RUNNING', restarted: false };
}

const isNoted = (wanted: Wanted, status: 'RUNNING' | 'STOPPED'): boolean =>
  wanted.status === status &&
  wanted.status_reason === null &&
  wanted.observed_version === wanted.version &&
  wanted.observed_restart === wanted.restart_generation;
