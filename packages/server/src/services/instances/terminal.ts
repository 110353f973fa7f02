import Type, { type Static } from 'typebox';
import { CloudError, invalidInput, requestTimedOut } from '../../kernel/errors.ts';
import type { Peer } from '../../kernel/live.ts';
import type { Message } from '../../kernel/web-socket.ts';
import { checkWords } from './command-words.ts';
import { type Terminal, TERMINAL_SIGNALS } from './compute-engine.ts';

const exact = { additionalProperties: false } as const;

/** Members that a size has, at the opening and later. */
export const size = {
  rows: Type.Integer({ minimum: 1, maximum: 1000 }),
  cols: Type.Integer({ minimum: 1, maximum: 1000 }),
};

/** What a caller may say in text. Bytes for the command's input are a binary message that begins with STDIN. */
export const TerminalMessage = Type.Union([
  Type.Object({ type: Type.Literal('resize'), ...size }, exact),
  Type.Object({ type: Type.Literal('signal'), name: Type.Enum([...TERMINAL_SIGNALS]) }, exact),
  Type.Object({ type: Type.Literal('eof') }, exact),
  Type.Object({ type: Type.Literal('close'), stream: Type.Enum(['stdout', 'stderr']) }, exact),
  Type.Object({ type: Type.Literal('command'), command: Type.Array(Type.String(), { minItems: 1 }) }, exact),
]);
type TerminalMessage = Static<typeof TerminalMessage>;

/** First byte of a binary message: which of the command's streams the rest is of. */
const STDIN = 0;
const FIRST_BYTE = { stdout: 1, stderr: 2 } as const;

/** Milliseconds until the message with the command must be there, where the request had none. */
const COMMAND_MS = 10_000;

/** The command that the first message brings. Throws CloudError where it brings none. */
export async function firstCommand(messages: AsyncIterator<Message>): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(requestTimedOut(`no command came within ${COMMAND_MS / 1000} s; send it in the first message`)),
      COMMAND_MS,
    );
  });
  try {
    const { value } = await Promise.race([messages.next(), late]);
    const message = typeof value === 'string' ? (JSON.parse(value) as TerminalMessage) : undefined;
    if (message?.type !== 'command')
      throw invalidInput('the first message must be {"type":"command","command":[…]} if the query has no command');
    checkWords('command', message.command);
    return message.command;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Joins a command and its caller until the command has ended. The exit code is the last message. Neither direction holds more
 * than one message: who does not read stops the command from writing, and a command that does not read stops the caller.
 */
export async function talk(terminal: Terminal, peer: Peer): Promise<void> {
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  listen(terminal, peer).catch(refuse);
  await Promise.race([speak(terminal, peer), refused]);
}

async function speak(terminal: Terminal, peer: Peer): Promise<void> {
  for await (const { from, bytes } of terminal.output) {
    const message = new Uint8Array(bytes.length + 1);
    message[0] = FIRST_BYTE[from];
    message.set(bytes, 1);
    await peer.send(message);
  }
  await peer.send(JSON.stringify({ type: 'exit', code: await terminal.exitCode() }));
}

async function listen(terminal: Terminal, peer: Peer): Promise<void> {
  for await (const message of peer.messages) {
    if (typeof message !== 'string' && message[0] !== STDIN)
      throw invalidInput(`a binary message must begin with the byte ${STDIN}, for standard input`);
    // The API has checked its shape.
    const order = typeof message === 'string' ? (JSON.parse(message) as TerminalMessage) : message.subarray(1);
    try {
      await carryOut(terminal, order);
    } catch (error) {
      if (error instanceof CloudError) throw error;
      // The command has ended: what still comes is for nobody.
      return;
    }
  }
}

function carryOut(terminal: Terminal, order: TerminalMessage | Uint8Array): Promise<void> {
  if (order instanceof Uint8Array) return terminal.write(order);
  switch (order.type) {
    case 'resize':
      return terminal.resize({ rows: order.rows, cols: order.cols });
    case 'signal':
      return terminal.signal(order.name);
    case 'eof':
      return terminal.closeInput();
    case 'close':
      return terminal.closeOutput(order.stream);
    case 'command':
      throw invalidInput('the command was already sent; send it once');
  }
}
