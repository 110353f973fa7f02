import type { Writable } from 'node:stream';
import { EXIT } from '../failure.ts';

/**
 * What cannot be written ends the command, for whatever it would still print is for nobody: quietly where the reader has left
 * (`cloud … | head`), else with one line. An error of standard error can be told nowhere: the command goes on, and its exit code says that
 * something failed. A command that listens to a stream's errors itself decides for itself.
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
