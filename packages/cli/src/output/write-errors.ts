import type { Writable } from 'node:stream';
import { EXIT } from '../failure.ts';

/**
 * Ends the command if standard output fails: without a message if the reader has left (`cloud … | head`), otherwise with one line. If
 * standard error fails, nothing can be printed: the command continues, and its exit code reports the failure. A command with its own
 * error listener handles errors itself.
 */
export function watchOutput(
  stdout: Writable,
  stderr: Writable,
  exit: (exitCode: number) => void,
): { exitCodeAfter(exitCode: number): number } {
  let isLost = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (stdout.listenerCount('error') > 1) return;
    if (error.code === 'EPIPE') return exit(EXIT.ok);
    stderr.write(`cloud: cannot write to standard output: ${error.message}\n`);
    exit(EXIT.failed);
  });
  stderr.on('error', () => {
    isLost = true;
  });
  return { exitCodeAfter: (exitCode) => (isLost && exitCode === EXIT.ok ? EXIT.failed : exitCode) };
}
