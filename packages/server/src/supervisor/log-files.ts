import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';

/** A log holds at most this many bytes, and as many again in `.1`. */
const LONGEST_LOG = 16 * 1024 * 1024;

/** Runs `use` with the log opened for appending; a child gets the descriptor itself, so that its last words arrive even when we are gone. */
export function withLog<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'a', 0o640);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Keeps the logs bounded; those that are not there are none. One that cannot be is told about: a full disk must not end the supervisor.
 * The writers hold their descriptors, so that a file's end is copied and the file cut, not renamed; lines written between the two steps
 * are lost, which a log may.
 */
export function boundLogs(paths: readonly string[], say: (line: string) => void): void {
  for (const path of paths) {
    if (!existsSync(path)) continue;
    try {
      boundLog(path);
    } catch (error) {
      say(`cannot limit the size of ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function boundLog(path: string): void {
  const { size, blocks, mode } = statSync(path);
  // A writer that does not append goes on at its old place after the cut, behind a hole: what counts is the room on the disk.
  if (Math.min(size, blocks * 512) <= LONGEST_LOG) return;
  try {
    writeFileSync(`${path}.1`, readEnd(path, size), { mode: mode & 0o777 });
  } finally {
    truncateSync(path);
  }
}

function readEnd(path: string, size: number): Buffer {
  const end = Buffer.alloc(LONGEST_LOG);
  const descriptor = openSync(path, 'r');
  try {
    return end.subarray(0, readSync(descriptor, end, 0, LONGEST_LOG, size - LONGEST_LOG));
  } finally {
    closeSync(descriptor);
  }
}

/** The end of a log, for the person who sees that a process died. */
export function lastLines(path: string, count = 8): string {
  if (!existsSync(path)) return '';
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}
