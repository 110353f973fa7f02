import { write, writeSync } from 'node:fs';
import pino from 'pino';

export type Log = pino.Logger;

/** Bytes of lines that wait for the disk, at most; what comes then is dropped. */
const MOST_WAITING = 1024 * 1024;
/** Bytes that are gathered before they are written: a line alone costs 20 µs. */
const WORTH_WRITING = 4096;
const FLUSH_MS = 1_000;
const STDOUT = 1;

export interface LogDestination extends pino.DestinationStream {
  /** Writes what waits, at once, and waits for nothing: what cannot be written now is dropped. */
  flush(): void;
  /** Lines lost so far, since they could not be written or too many waited. */
  dropped(): number;
}

/**
 * Where lines go: a descriptor, buffered, flushed each second and at exit. A log must never hold up who writes it: what a full disk or a
 * reader that is gone does not take is dropped and counted. (Pino's own destination tries a write that failed for ENOSPC again for ever
 * when the process ends.)
 */
export function createLogDestination(descriptor: number = STDOUT): LogDestination {
  let lines: string[] = [];
  let waiting = 0;
  let dropped = 0;
  let isWriting = false;

  const take = (): { bytes: Buffer; count: number } => {
    const taken = { bytes: Buffer.from(lines.join('')), count: lines.length };
    lines = [];
    waiting = 0;
    return taken;
  };

  function writeSome(bytes: Buffer, count: number): void {
    isWriting = true;
    write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (!error && written < bytes.length) return writeSome(bytes.subarray(written), count);
      isWriting = false;
      if (error) dropped += count;
      else if (waiting >= WORTH_WRITING) writeAll();
    });
  }

  function writeAll(): void {
    if (isWriting || lines.length === 0) return;
    const { bytes, count } = take();
    writeSome(bytes, count);
  }

  function flush(): void {
    const { bytes, count } = take();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    } catch {
      dropped += count;
    }
  }

  setInterval(writeAll, FLUSH_MS).unref();
  process.once('exit', flush);
  return {
    write(line) {
      if (waiting + line.length > MOST_WAITING) {
        dropped++;
        return;
      }
      lines.push(line);
      waiting += line.length;
      if (waiting >= WORTH_WRITING) writeAll();
    },
    flush,
    dropped: () => dropped,
  };
}

/** One JSON line an event, to standard output. */
export function createLog(
  level: string,
  role: string,
  destination: LogDestination = createLogDestination(STDOUT),
): Log {
  return pino(
    {
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ['key', 'password', '*.password', 'headers.authorization'],
    },
    destination,
  );
}
