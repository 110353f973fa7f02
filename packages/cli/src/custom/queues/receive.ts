import type { Transport } from '@thecloud/sdk';
import { Argument, Option } from 'commander';
import { EXIT } from '../../failure.ts';
import { escapeLines } from '../../output/cell.ts';
import { writeSlowly } from '../../output/lines.ts';
import { printResult } from '../../output/print.ts';
import { withNames } from '../../resolve.ts';
import { connect, runVerb } from '../../run-verb.ts';
import { siblingOf } from '../../table/verb.ts';
import type { CustomVerb, OwnInvocation } from '../../verb-command.ts';
import type { World } from '../../world.ts';

/** Most messages of a call. */
const BATCH = 10;

interface Received {
  readonly receipt_handle: string;
  readonly body: string;
}
interface Answer {
  readonly successful: readonly { readonly id: string }[];
  readonly failed: readonly { readonly id: string; readonly code: string; readonly message: string }[];
}

export const bodyOption = (): Option => new Option('--body', 'print the texts of the messages only');

/** A text as it is; to a terminal without what would move its cursor. */
export const bodyLine = ({ stdout }: World, body: string): string =>
  `${stdout.isTTY === true ? escapeLines(body) : body}\n`;

/** `cloud queues receive NAME`: takes messages, prints them, and with --delete deletes what was printed. */
export const receiveVerb: CustomVerb = {
  shows: true,
  options: [bodyOption(), new Option('--delete', 'delete the messages once they are printed')],
  async run(invocation) {
    const transport = connect(invocation);
    return withNames(invocation, transport, (named) => receive({ ...invocation, ...named }, transport));
  },
};

async function receive(invocation: OwnInvocation, transport: Transport): Promise<number> {
  const { world, verb, verbs, options, input, own } = invocation;
  const messages = await transport.call<readonly Received[]>(verb, input);
  if (messages.length === 0 && options.output !== 'json' && options.output !== 'yaml') {
    world.stderr.write('No message came.\n');
    return EXIT.ok;
  }
  if (own.body === true) for (const { body } of messages) await writeSlowly(world, bodyLine(world, body));
  else await printResult(world, verb, options, messages);
  if (own.delete !== true || messages.length === 0) return EXIT.ok;
  // What could not be printed is not deleted: somebody else receives it.
  await new Promise<void>((resolve, reject) => world.stdout.write('', (error) => (error ? reject(error) : resolve())));
  const deletes = { ...invocation, verb: siblingOf(verb, verbs, 'deleteMessages')! };
  return eachOf(
    deletes,
    transport,
    messages.map(({ receipt_handle }) => ({ receipt_handle })),
  );
}

/** `cloud queues delete-message NAME HANDLE…` */
export const deleteMessageVerb: CustomVerb = {
  shows: true,
  words: new Argument('[more-handles...]', 'of further messages'),
  run: (invocation) => oneOrMany(invocation, 'deleteMessages'),
};

/** `cloud queues change-visibility NAME HANDLE… --visibility SECONDS` */
export const changeVisibilityVerb: CustomVerb = {
  shows: true,
  words: new Argument('[more-handles...]', 'of further messages'),
  run: (invocation) => oneOrMany(invocation, 'changeVisibilities'),
};

/** One message by the operation itself, several by that for many. */
async function oneOrMany(invocation: OwnInvocation, many: string): Promise<number | void> {
  if (invocation.words.length === 0) return runVerb(invocation);
  const { verb, verbs, input, words } = invocation;
  const { id, receipt_handle, ...members } = input;
  const transport = connect(invocation);
  const entries = [receipt_handle, ...words].map((handle) => ({ receipt_handle: handle, ...members }));
  return withNames({ ...invocation, verb: siblingOf(verb, verbs, many)!, input: { id } }, transport, (named) =>
    eachOf({ ...invocation, ...named }, transport, entries),
  );
}

/** Sends entries ten at a time. Tells those that failed, and then returns 1. */
async function eachOf(
  { world, verb, input: { id } }: OwnInvocation,
  transport: Transport,
  entries: readonly object[],
): Promise<number> {
  let failures = 0;
  for (let at = 0; at < entries.length; at += BATCH) {
    const some = entries.slice(at, at + BATCH).map((entry, nth) => ({ id: String(at + nth + 1), ...entry }));
    const { failed } = await transport.call<Answer>(verb, { id, entries: some });
    failures += failed.length;
    for (const one of failed) world.stderr.write(`message ${one.id}: ${escapeLines(one.message)}\n`);
  }
  return failures > 0 ? EXIT.failed : EXIT.ok;
}
