import { closeSync, copyFileSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

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
 * Keeps the logs bounded. The writers hold their descriptors, so that a file is copied and cut, not renamed;
 * lines written between the two steps are lost, which a log may.
 */
export function boundLogs(logsDir: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(logsDir, `${name}.log`);
    if (!existsSync(path) || statSync(path).size <= LONGEST_LOG) continue;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
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
