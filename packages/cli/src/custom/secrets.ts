import { writeFileSync } from 'node:fs';
import { Option } from 'commander';
import { usage } from '../failure.ts';
import { escapeLines } from '../output/cell.ts';
import { printResult } from '../output/print.ts';
import { ask } from '../prompt.ts';
import { withNames } from '../resolve.ts';
import { connect } from '../run-verb.ts';
import type { CustomVerb, OwnInvocation } from '../verb-command.ts';
import type { World } from '../world.ts';
import { readBytes } from './queues/bodies.ts';

/** Bytes of the longest value. */
const LONGEST = 65_536;

// A value never stands on the command line, where every process of the machine, and the shell's history, would see it.

const FROM = [
  new Option('--file <path>', 'read the value from a file; - is standard input, which is also read if it is a pipe'),
  new Option('--exact', 'keep a line break at the end of the value, which is left out otherwise'),
];

interface Value {
  readonly value: string;
  readonly encoding?: 'base64';
}

/** From a file, a pipe, or what somebody types at the terminal, unseen. Bytes that are no text travel as base64. */
async function readValue({ world, own }: OwnInvocation): Promise<Value> {
  const file = own.file as string | undefined;
  if (file === undefined && !world.stdinPiped()) {
    const value = await ask(world, 'Value: ', { hidden: true, flag: '--file, or pipe the value in' });
    if (value === '') throw usage('the value is empty; type it, or use --file');
    return { value };
  }
  const bytes = await readWhole(world, file ?? '-');
  const text = asText(bytes);
  if (text === undefined) return { value: bytes.toString('base64'), encoding: 'base64' };
  const value = own.exact === true ? text : text.replace(/\r?\n$/, '');
  if (value === '')
    throw usage(`${file === undefined ? 'standard input' : `'${file}'`} is empty; a value has a byte at least`);
  return { value };
}

async function readWhole(world: World, from: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readBytes(world, from)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LONGEST + 2) throw usage(`the value has more than ${LONGEST} bytes, the most of a secret`);
  }
  return Buffer.concat(chunks);
}

/** Undefined: it is no text in UTF-8. */
function asText(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function callWith(invocation: OwnInvocation, given: object): Promise<void> {
  const { world, verb, options } = invocation;
  const transport = connect(invocation);
  await withNames({ ...invocation, input: { ...invocation.input, ...given } }, transport, async ({ input }) => {
    await printResult(world, verb, options, await transport.call(verb, input));
  });
}

const createVerb: CustomVerb = {
  shows: true,
  without: ['value', 'encoding'],
  options: [...FROM, new Option('--without-value', 'create it without a value; put one later')],
  async run(invocation) {
    const { own, input } = invocation;
    const ways = [own.file, input.generate_length, own.withoutValue].filter((way) => way !== undefined);
    if (ways.length > 1) throw usage('--file, --generate-length and --without-value exclude each other; use one');
    const isGiven = input.generate_length === undefined && own.withoutValue === undefined;
    await callWith(invocation, isGiven ? await readValue(invocation) : {});
  },
};

const putVerb: CustomVerb = {
  shows: true,
  without: ['value', 'encoding'],
  options: FROM,
  run: async (invocation) => callWith(invocation, await readValue(invocation)),
};

interface Revealed {
  readonly value: string;
  readonly encoding: string;
}

/** `cloud secrets reveal NAME`: on a terminal a line in which nothing can command the terminal; otherwise the bytes and nothing else. */
const revealVerb: CustomVerb = {
  shows: true,
  options: [new Option('--file <path>', 'write the value to a new file, which you alone can read')],
  async run(invocation) {
    const { world, verb, options, own } = invocation;
    const transport = connect(invocation);
    await withNames(invocation, transport, async ({ input }) => {
      const revealed = await transport.call<Revealed>(verb, input);
      const { value, encoding } = revealed;
      if (options.output !== undefined && options.output !== 'table')
        return printResult(world, verb, options, revealed);
      const bytes = Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8');
      if (own.file !== undefined) return writeNew(own.file as string, bytes);
      if (world.stdout.isTTY !== true) return void world.stdout.write(bytes);
      if (encoding === 'base64')
        throw usage('the value is bytes and not text; use --file, redirect the output, or use -o json for base64');
      world.stdout.write(`${escapeLines(value)}\n`);
    });
  },
};

function writeNew(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw usage(`'${path}' cannot be written: ${(error as Error).message}`);
  }
}

export const secretVerbs: Readonly<Record<string, CustomVerb>> = {
  'secrets.create': createVerb,
  'secrets.put': putVerb,
  'secrets.reveal': revealVerb,
};
