import { access, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsoleFile, readConsole, readLog } from './console-log.ts';

/** Milliseconds between two looks at a log. What is written between them comes in one piece, 256 KiB at most. */
const LOOK_MS = 200;
/** Bytes before the place that was read up to, by which it is known again. */
const TAIL = 1024;

/** Up to where a log was read. */
interface Place {
  readonly id: string;
  readonly changedAt: bigint;
  readonly offset: number;
  /** What stands directly before. */
  readonly tail: Buffer;
}

/**
 * The newest `limit` bytes of an instance's console, then what comes, until the signal aborts or `isThere` says that the machine is gone.
 * It reads when it is asked for more, so a slow reader holds nothing and misses what LXC has thrown away meanwhile.
 */
export async function* followConsole(
  folder: string,
  running: boolean,
  limit: number,
  isThere: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { newest, current } = await readConsole(folder, running, limit);
  let place = current && placeIn(current);
  /** Whether the look before found it other than it was left. */
  let isSuspect = false;
  if (newest.length > 0) yield newest;
  while (await rest(signal)) {
    const path = `${folder}/console.log`;
    const changedAt = await stat(path, { bigint: true }).then(
      (found) => found.mtimeNs,
      () => undefined,
    );
    if (changedAt === undefined && !(await exists(folder)) && !(await isThere())) return;
    if (changedAt === undefined || changedAt === place?.changedAt) continue;
    const file = await readLog(path);
    if (file === undefined) continue;
    let fresh = place === undefined ? file.bytes : await appended(folder, file, place);
    if (fresh === undefined) {
      // LXC rewrites the file when the machine stops. It may be incomplete now: read it again at the next look.
      if (!isSuspect) {
        isSuspect = true;
        continue;
      }
      const known = file.bytes.lastIndexOf(place!.tail);
      fresh = known < 0 ? file.bytes : file.bytes.subarray(known + place!.tail.length);
    }
    isSuspect = false;
    place = placeIn(file);
    if (fresh.length > 0) yield fresh;
  }
}

/** What was written behind the place; undefined where that is not to be found again. */
async function appended(folder: string, file: ConsoleFile, place: Place): Promise<Buffer | undefined> {
  if (file.id === place.id) return behind(file, place);
  const before = await readLog(`${folder}/console.log.1`);
  const rest = before?.id === place.id ? behind(before, place) : undefined;
  return rest && Buffer.concat([rest, file.bytes]);
}

function behind({ bytes }: ConsoleFile, { offset, tail }: Place): Buffer | undefined {
  return bytes.subarray(offset - tail.length, offset).equals(tail) ? bytes.subarray(offset) : undefined;
}

const placeIn = ({ id, changedAt, bytes }: ConsoleFile): Place => ({
  id,
  changedAt,
  offset: bytes.length,
  tail: Buffer.from(bytes.subarray(-TAIL)),
});

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** False when it was cut short. */
const rest = (signal: AbortSignal): Promise<boolean> => sleep(LOOK_MS, true, { signal }).catch(() => false);
