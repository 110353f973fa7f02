import { constants } from 'node:os';
import type { MachineEnd } from './compute-engine.ts';
import type { InstanceRow } from './instance.ts';

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** The signal that an exit code stands for, as in shells: 128 plus its number. */
export const signalOf = (code: number | undefined): string | undefined =>
  code === undefined || code <= 128 ? undefined : SIGNALS.get(code - 128);

/** The end in the form of the row and the event. */
export function exitOf({ at, code, oomKilled }: MachineEnd): NonNullable<InstanceRow['last_exit']> {
  const signal = signalOf(code);
  return {
    ...(code === undefined ? {} : { code }),
    ...(signal === undefined ? {} : { signal }),
    oom_killed: oomKilled,
    at: new Date(at).toISOString(),
  };
}

/**
 * The sentence that says why an instance does not run. It contains the instance's name but not its command, which users with
 * read permission only must not see.
 */
export function wordsOfEnd(
  row: Pick<InstanceRow, 'name' | 'command'>,
  end: MachineEnd,
  until: Date | undefined,
): string {
  const who = row.command ? 'the command' : 'the first process';
  const after = end.ranMs === undefined ? '' : ` ${durationOf(end.ranMs)} after its start`;
  const next = until ? `; it restarts at ${until.toISOString().replace(/\.\d+/, '')}` : '';
  return `${who} ${howOf(end)}${after}${next}; see: cloud instances logs ${row.name}`;
}

function howOf({ code, oomKilled }: MachineEnd): string {
  if (oomKilled) return 'was killed because the instance ran out of memory';
  if (code === undefined) return 'ended, for an unknown reason,';
  const signal = signalOf(code);
  const meaning = signal ?? (code === 127 ? 'command not found' : code === 126 ? 'cannot be executed' : undefined);
  return `ended with exit code ${code}${meaning === undefined ? '' : ` (${meaning})`}`;
}

function durationOf(ms: number): string {
  if (ms < 10_000) return `${Math.max(0.1, ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 3_600_000)} hours`;
}
