import type { Transport } from '@thecloud/sdk';
import { Argument, InvalidArgumentError, Option } from 'commander';
import { usage } from '../../failure.ts';
import { printResult } from '../../output/print.ts';
import { withNames } from '../../resolve.ts';
import { connect } from '../../run-verb.ts';
import type { CustomVerb, OwnInvocation } from '../../verb-command.ts';
import { readBody } from './bodies.ts';
import { sendLines } from './send-lines.ts';

type Attributes = Readonly<Record<string, { readonly type: string; readonly value: string }>>;

/** `cloud queues send NAME BODY`: one message from the command line, a file or standard input, or one for each line. */
export const sendVerb: CustomVerb = {
  shows: true,
  without: ['body', 'attributes'],
  words: new Argument('[body]', 'text of the message; - reads standard input, as does nothing behind a pipe'),
  options: [
    new Option('--file <path>', 'read the text of the message from a file; - is standard input'),
    new Option('--lines', 'send each line as a message, ten in a call, until the input ends'),
    new Option(
      '--attribute <name=value>',
      'an attribute; for another type than String: name:Number=5, name:Binary=base64 (may be repeated)',
    ).argParser(addAttribute),
  ],
  async run(invocation): Promise<number | void> {
    const { own, input } = invocation;
    const from = sourceOf(invocation);
    const transport = connect(invocation);
    const given = own.attribute === undefined ? input : { ...input, attributes: own.attribute };
    if (own.lines === true) {
      if (from === undefined) throw usage('--lines reads standard input or --file; leave the text out');
      if (input.deduplication_id !== undefined)
        throw usage('--deduplication-id cannot be used with --lines: only the first line would be stored');
      return sendLines({ ...invocation, input: given }, transport, from);
    }
    const body = from === undefined ? invocation.words[0]! : await readBody(invocation.world, from);
    await sendOne({ ...invocation, input: { ...given, body } }, transport);
  },
};

async function sendOne(invocation: OwnInvocation, transport: Transport): Promise<void> {
  const { world, verb, options } = invocation;
  await withNames(invocation, transport, async ({ input }) => {
    await printResult(world, verb, options, await transport.call(verb, input));
  });
}

/** The file to read, `-` for standard input. Undefined: the text is on the command line. */
function sourceOf({ world, own, words: [body] }: OwnInvocation): string | undefined {
  const file = own.file as string | undefined;
  if (body !== undefined && file !== undefined) throw usage('give the text, or --file, and not both');
  if (file !== undefined) return file;
  if (body === undefined && !world.stdinPiped())
    throw usage('the message has no text; give it behind the name, or use --file, or pipe it in');
  if (body === '') throw usage('the text is empty; a message needs a body');
  return body === undefined || body === '-' ? '-' : undefined;
}

function addAttribute(text: string, before: Attributes | undefined): Attributes {
  const [, name, type = 'String', value] = /^([^:=]+)(?::([^=]+))?=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It must have the form name=value or name:type=value.');
  return Object.fromEntries([...Object.entries(before ?? {}), [name, { type, value }]]);
}
