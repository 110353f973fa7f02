import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsoleLogs } from './console-log.ts';

/** Milliseconds between two looks at a log that was read to its end. */
const LOOK_MS = 200;
/** Stands where lines are missing, on a line of its own. */
const GAP = Buffer.from('\r\n[thecloud: lines are missing here; they came faster than they were read]\r\n');

/**
 * The newest `limit` bytes of an instance's console, from a whole line on, then what comes, each byte once and in order, until the signal
 * aborts or `isThere` says that the machine is gone. It reads when it is asked for more, so a slow reader holds nothing; where it misses
 * what is no longer kept, it is told.
 */
export async function* followConsole(
  logs: ConsoleLogs,
  path: string,
  limit: number,
  isThere: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const newest = await logs.readNewest(path, limit);
  let { place } = newest;
  if (newest.bytes.length > 0) yield newest.bytes;
  while (!signal.aborted) {
    const { bytes, isGap, ...next } = await logs.readBehind(path, place);
    place = next.place;
    if (isGap) yield GAP;
    if (bytes.length > 0) yield bytes;
    else if (!(await exists(dirname(path))) && !(await isThere())) return;
    else if (!(await rest(signal))) return;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** False when it was cut short. */
const rest = (signal: AbortSignal): Promise<boolean> => sleep(LOOK_MS, true, { signal }).catch(() => false);
