import { Option } from 'commander';
import { EXIT, Failure, usage } from '../failure.ts';
import { addSuggestion, connect } from '../run-verb.ts';
import type { CustomVerb } from '../verb-command.ts';
import type { World } from '../world.ts';
import { runTerminal } from './terminal.ts';

interface ExecResult {
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly timed_out: boolean;
}

/** What the API takes, in characters. */
const STDIN_LIMIT = 1_000_000;
/** When silence on standard input is worth a word. */
const NOTICE_MS = 5_000;
/** As timeout(1) ends. */
const TIMED_OUT = 124;

/**
 * `cloud instances exec NAME -- CMD…`: standard output and error apart, its exit code is ours, piped input goes in. With -i or -t it is a
 * conversation, without a limit of time or size.
 */
export const execVerb: CustomVerb = {
  without: ['stdin'],
  options: [
    new Option('--no-stdin', 'do not pass on what is piped in'),
    new Option('-i, --interactive', 'pass standard input to the command as it comes'),
    new Option('-t, --tty', 'give the command a terminal; use -it for a shell'),
  ],
  async run(invocation) {
    const { world, verb, input, own } = invocation;
    if (own.interactive === true || own.tty === true) {
      if (input.timeout !== undefined) throw usage('--timeout cannot be used with -i or -t');
      return runTerminal(invocation, { tty: own.tty === true, input: own.interactive === true });
    }
    const transport = connect(invocation);
    const stdin = own.stdin !== false && world.stdinPiped() ? await readInput(world) : undefined;
    const result = await transport
      .call<ExecResult>(verb, stdin === undefined ? input : { ...input, stdin })
      .catch(addSuggestion(invocation, transport));
    world.stdout.write(result.stdout);
    world.stderr.write(result.stderr);
    if (result.truncated) world.stderr.write('cloud: it wrote more than 1 MiB; the rest was dropped\n');
    if (result.timed_out)
      throw new Failure('the command exceeded its timeout and was killed; set a longer one with --timeout', TIMED_OUT);
    return result.exit_code === 0 ? EXIT.ok : result.exit_code;
  },
};

async function readInput(world: World): Promise<string> {
  const notice = setTimeout(
    () => world.stderr.write('cloud: waiting for the end of standard input; --no-stdin goes without\n'),
    NOTICE_MS,
  );
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of world.stdin) {
      chunks.push(Buffer.from(chunk as Uint8Array));
      size += (chunk as Uint8Array).length;
      if (size > STDIN_LIMIT * 4) break;
    }
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
    if (text.length <= STDIN_LIMIT) return text;
  } catch (error) {
    if (error instanceof TypeError)
      throw usage('standard input is not UTF-8 text, and nothing else can be passed on; encode it (base64)');
    throw error;
  } finally {
    clearTimeout(notice);
  }
  throw usage(`standard input has more than ${STDIN_LIMIT} characters; that is more than can be passed on`);
}
