import { createReadStream } from 'node:fs';
import { usage } from '../../failure.ts';
import type { World } from '../../world.ts';

/** Most bytes of a message. */
export const LONGEST_BODY = 1_048_576;

/** Bytes of a file, or of standard input for `-`. Throws Failure if it cannot be read. */
export async function* readBytes(world: World, from: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of from === '-' ? world.stdin : createReadStream(from))
      yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
  } catch (error) {
    throw usage(`${nameOf(from)} cannot be read: ${(error as Error).message}`);
  }
}

/** The whole as one body. Throws Failure if it is empty, too long or no text. */
export async function readBody(world: World, from: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readBytes(world, from)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LONGEST_BODY) throw tooLong(nameOf(from));
  }
  return textOf(Buffer.concat(chunks), nameOf(from));
}

/** A line that is a message, and where it stands. */
export interface Line {
  readonly number: number;
  readonly body: string;
}

/** The lines that are not empty, without their ends. Throws Failure for one that is too long or no text. */
export async function* readLines(world: World, from: string): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  const lineOf = (bytes: Buffer): readonly Line[] => {
    number++;
    const line = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
    return line.length === 0 ? [] : [{ number, body: textOf(line, `line ${number}`) }];
  };
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of readBytes(world, from)) {
    let begin = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, begin)) {
      yield* lineOf(Buffer.concat([...rest, chunk.subarray(begin, end)]));
      [rest, size, begin] = [[], 0, end + 1];
    }
    rest.push(chunk.subarray(begin));
    size += chunk.length - begin;
    if (size > LONGEST_BODY + 1) throw tooLong(`line ${number + 1}`);
  }
  if (size > 0) yield* lineOf(Buffer.concat(rest));
}

const nameOf = (from: string): string => (from === '-' ? 'standard input' : `'${from}'`);

const tooLong = (what: string) =>
  usage(`${what} has more than ${LONGEST_BODY} bytes, the most of a message; send less, or only a reference to it`);

function textOf(bytes: Buffer, what: string): string {
  if (bytes.length === 0) throw usage(`${what} is empty; a message needs a body`);
  if (bytes.length > LONGEST_BODY) throw tooLong(what);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usage(`${what} is not text in UTF-8; encode it, for example with base64`);
  }
}
