import Type, { type Static } from 'typebox';
import { invalidInput } from '../../kernel/errors.ts';
import type { Peer } from '../../kernel/live.ts';
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
]);
type TerminalMessage = Static<typeof TerminalMessage>;

/** First byte of a binary message: which of the command's streams the rest is of. */
const STDIN = 0;
const FIRST_BYTE = { stdout: 1, stderr: 2 } as const;

/**
 * Joins a command and whoever talks with it, until the command has ended. Its exit code is the last message. Neither direction holds more
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
    } catch {
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
  }
}
