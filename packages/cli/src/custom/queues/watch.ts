import { setTimeout as sleep } from 'node:timers/promises';
import { CloudApiError, CloudConnectionError } from '@thecloud/sdk';
import { type Command, Option } from 'commander';
import { cellOf, escapeControl } from '../../output/cell.ts';
import { lineWriter, writeSlowly } from '../../output/lines.ts';
import { withNames } from '../../resolve.ts';
import { connect, runVerb } from '../../run-verb.ts';
import { addVerbCommand, type CustomVerb, type OwnInvocation, type VerbDeps } from '../../verb-command.ts';
import { bodyLine, bodyOption } from './receive.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 1_000;
/** Looks in a row that fail before the command does: about five minutes, which a restart of the platform does not take. */
const MOST_FAILURES = 20;
/** Longest pause after a failure in milliseconds. */
const LONGEST_PAUSE_MS = 20_000;
/** Most messages of a look. */
const PEEKED = 100;
/** Ids that are remembered, so that a message that comes back is not printed again. */
const REMEMBERED = 10_000;

type Row = Readonly<Record<string, unknown>>;

/** `cloud queues stats NAME`: with --watch a line each second, until interrupted. */
export const statsVerb: CustomVerb = {
  shows: true,
  options: [new Option('--watch', 'print a line whenever the numbers are counted, until interrupted')],
  async run(invocation) {
    if (invocation.own.watch !== true) return runVerb(invocation);
    const { world, verb, options } = invocation;
    const columns = options.columns ?? ['visible', 'in_flight', 'delayed', 'oldest_age_seconds', 'bytes'];
    // Named on each line: nobody has to scroll up to know which number is which.
    const isTable = (options.output ?? 'table') === 'table' && !options.quiet;
    const lineOf = await lineWriter(verb, options);
    let counted: unknown;
    await eachLook<Row>(invocation, async (stats) => {
      if (stats.counted_at === counted) return;
      counted = stats.counted_at;
      const named = columns.map((name) => `${name.replaceAll('_', ' ')} ${cellOf(stats[name])}`).join('   ');
      await writeSlowly(world, isTable ? `${named}\n` : lineOf(stats));
    });
  },
};

/** `cloud queues tail NAME`: prints messages as they come, without receiving them. */
const tailVerb: CustomVerb = {
  shows: true,
  options: [bodyOption()],
  async run(invocation) {
    const { world, verb, options, own } = invocation;
    const lineOf = await lineWriter(verb, options);
    const seen = new Set<unknown>();
    let wasFull = false;
    const input = { ...invocation.input, limit: PEEKED };
    await eachLook<readonly Row[]>({ ...invocation, input }, async (messages) => {
      const fresh = messages.filter(({ id }) => !seen.has(id)).toSorted(byTime);
      for (const message of fresh) {
        seen.add(message.id);
        await writeSlowly(world, own.body === true ? bodyLine(world, String(message.body)) : lineOf(message));
      }
      for (const id of seen) {
        if (seen.size <= REMEMBERED) break;
        seen.delete(id);
      }
      const isFull = messages.length === PEEKED;
      if (isFull && !wasFull)
        world.stderr.write(
          `${PEEKED} messages or more are in the queue. Newer ones are printed when they are among the first ${PEEKED}.\n`,
        );
      wasFull = isFull;
    });
  },
};

const byTime = (one: Row, other: Row): number =>
  String(one.created_at).localeCompare(String(other.created_at)) || String(one.id).localeCompare(String(other.id));

/** Looks each second, until it fails for good. */
async function eachLook<T>(invocation: OwnInvocation, show: (answer: T) => Promise<void>): Promise<never> {
  const transport = connect(invocation);
  return withNames(invocation, transport, async ({ verb, input }) => {
    for (let failures = 0; ; ) {
      try {
        await show(await transport.call<T>(verb, input, { retries: 0 }));
        failures = 0;
        await sleep(LOOK_MS);
      } catch (error) {
        if (!isPassing(error) || ++failures > MOST_FAILURES) throw error;
        if (failures > 1) invocation.world.stderr.write(`${escapeControl(error.message)}; trying again\n`);
        const asked = error instanceof CloudApiError ? (error.retryAfter ?? 0) * 1000 : 0;
        await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(asked, LOOK_MS * 2 ** (failures - 1))));
      }
    }
  });
}

/** A platform that restarts or is busy comes back. */
const isPassing = (error: unknown): error is CloudApiError | CloudConnectionError =>
  error instanceof CloudConnectionError ||
  (error instanceof CloudApiError && (error.status >= 500 || error.status === 429));

/** What calls an operation under another name. */
export function addQueueCommands(parent: Command, deps: VerbDeps): void {
  const peek = deps.verbs.find(({ name }) => name === 'queues.peek');
  if (peek === undefined) return;
  const tail = {
    ...peek,
    verb: 'tail',
    summary: 'Print messages as they come, without receiving them',
    description:
      'Prints the messages that are in the queue, and then each new one, until interrupted. It looks once a second at the 100 messages that become visible first and changes nothing: a message that a receiver takes and deletes between two looks is not printed.',
    flags: [],
    columns: ['created_at', 'id', 'body'],
  };
  addVerbCommand(parent, tail, deps, tailVerb);
}
