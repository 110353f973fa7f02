import { InvalidArgumentError, Option } from 'commander';
import { usage } from '../failure.ts';
import type { CustomVerb } from '../verb-command.ts';
import { runTerminal } from './terminal.ts';

/** Longest timeout in seconds: a day. */
const LONGEST_TIMEOUT = 86_400;

/**
 * `cloud instances exec NAME -- CMD…`: passes bytes unchanged and without a size limit, keeps standard output and error apart, passes piped
 * input on, and returns the command's exit code. -i and -t make it interactive.
 */
export const execVerb: CustomVerb = {
  without: ['stdin', 'stdin_encoding', 'timeout'],
  options: [
    new Option('--timeout <seconds>', 'kill the command after this time; no timeout by default').argParser(readSeconds),
    new Option('--no-stdin', 'do not pass piped input to the command'),
    new Option('-i, --interactive', 'pass standard input to the command, even from a terminal'),
    new Option('-t, --tty', 'give the command a terminal; use -it for a shell'),
  ],
  async run(invocation) {
    const { world, own } = invocation;
    const timeout = own.timeout as number | undefined;
    if (own.interactive !== true && own.tty !== true)
      return runTerminal(invocation, {
        tty: false,
        input: own.stdin !== false && world.stdinPiped(),
        ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
      });
    if (timeout !== undefined) throw usage('--timeout cannot be used with -i or -t');
    return runTerminal(invocation, { tty: own.tty === true, input: own.interactive === true });
  },
};

function readSeconds(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > LONGEST_TIMEOUT)
    throw new InvalidArgumentError(`It must be a whole number of seconds from 1 to ${LONGEST_TIMEOUT}.`);
  return seconds;
}
