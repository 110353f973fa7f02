import { Writable } from 'node:stream';
import pino from 'pino';
import type { Log } from '../kernel/log.ts';

/** A log that is kept. */
export function memoryLog(lines: string[]): Log {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return pino({ level: 'debug' }, stream);
}
