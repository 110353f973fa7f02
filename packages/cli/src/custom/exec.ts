import { InvalidArgumentError, Option } from 'commander';
import { usage } from '../failure.ts';
import type { CustomVerb } from '../verb-command.ts';
import { runTerminal } from './terminal.ts';

/** Longest timeout in seconds: a day. */
const LONGEST_TIMEOUT = 86_400;

/**
 * `cloud instances exec NAME -- CMD…`: bytes as they are, standard output and error apart, without a limit of size; piped input goes in, and
 * its exit code is ours. With -i or -t it is a conversation.
 */
export const execVerb: CustomVerb = {
  without: ['stdin', 'stdin_encoding', 'timeout'],
  options: [
    new Option('--timeout <seconds>', 'kill the command after so many seconds; default: never').argParser(readSeconds),
    new Option('--no-stdin', 'do not pass on what is piped in'),
    new Option('-i, --interactive', 'pass standard input to the command, also what is typed'),
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
    throw new InvalidArgumentError(`it must be whole seconds from 1 to ${LONGEST_TIMEOUT}.`);
  return seconds;
}
