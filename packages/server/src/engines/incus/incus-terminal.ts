import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { closeOf, type Message, messagesFrom, sendMessage } from '../../kernel/web-socket.ts';
import type { Terminal, TerminalOutput, TerminalRequest } from '../../services/instances/compute-engine.ts';
import { beginCommand, type CommandEnd, type CommandPlace, type IncusCommand } from './incus-command.ts';

/** Milliseconds that a command at a terminal has after SIGHUP, as at any terminal that goes away; then it is killed. */
const HANG_UP_MS = 500;
/** Milliseconds between the end of a command's streams and Incus' word on how it ended. */
const END_MS = 10_000;
/** What a terminal in its usual mode takes for the end of input. */
const END_OF_INPUT = Uint8Array.of(4);

/** Runs a command in a running instance for somebody who talks with it: see ComputeEngine.openTerminal. */
export async function openIncusTerminal(
  place: CommandPlace,
  request: TerminalRequest,
  signal: AbortSignal,
): Promise<Terminal> {
  const command = await beginCommand(place, request, signal);
  const hasTerminal = request.size !== undefined;
  const control = command.connect('control');
  const outputs = hasTerminal ? [command.connect('0')] : [command.connect('1'), command.connect('2')];
  const sockets = outputs.map((one) => one.socket);
  const messages = messagesFrom(sockets);
  let hangUp = async (): Promise<void> => undefined;
  /** Nothing that it started is left behind. A process that cannot be killed is in the kernel's hands. */
  const end = async (): Promise<void> => {
    await hangUp();
    await command.kill().catch(() => undefined);
    command.cut();
  };
  const onAbort = (): void => void end();
  signal.addEventListener('abort', onAbort, { once: true });
  const isOver = closeOf(control.socket);
  void Promise.all([isOver, ...sockets.map(closeOf)]).then(() => signal.removeEventListener('abort', onAbort));
  try {
    await Promise.all([control, ...outputs].map((one) => one.opened));
    // Input comes last, as in execInInstance.
    const input = hasTerminal ? outputs[0]! : command.connect('0');
    await input.opened;
    signal.throwIfAborted();
    const tell = (order: object): Promise<void> => sendMessage(control.socket, JSON.stringify(order));
    hangUp = async () => {
      // Who leaves reads no more.
      for (const one of [...outputs, input]) one.socket.terminate();
      if (!hasTerminal) return;
      await tell({ command: 'signal', signal: constants.signals.SIGHUP }).catch(() => undefined);
      await Promise.race([isOver, sleep(HANG_UP_MS)]);
    };
    let isReadToEnd = true;
    const { promise: ending, resolve: setEnd } = Promise.withResolvers<Promise<CommandEnd>>();
    return {
      output: readOutput(sockets, messages, () => (isReadToEnd ? undefined : isOver), command, setEnd, signal),
      exitCode: async () => (await ending).exitCode,
      write: (bytes) => sendMessage(input.socket, bytes),
      closeOutput: async (from) => {
        isReadToEnd = false;
        outputs[from === 'stdout' ? 0 : 1]?.socket.terminate();
      },
      closeInput: () => sendMessage(input.socket, hasTerminal ? END_OF_INPUT : ''),
      resize: ({ rows, cols }) =>
        tell({ command: 'window-resize', args: { width: String(cols), height: String(rows) } }),
      signal: (word) => tell({ command: 'signal', signal: constants.signals[`SIG${word}`] }),
    };
  } catch (error) {
    await end();
    signal.throwIfAborted();
    throw error;
  }
}

async function* readOutput(
  sockets: readonly WebSocket[],
  messages: AsyncIterable<{ readonly place: number; readonly message: Message }>,
  /** Where nobody reads the outputs any more, their end is not the command's. */
  untilOver: () => Promise<void> | undefined,
  command: IncusCommand,
  setEnd: (end: Promise<CommandEnd>) => void,
  signal: AbortSignal,
): AsyncGenerator<TerminalOutput, void, undefined> {
  for await (const { place, message } of messages) {
    if (typeof message !== 'string') yield { from: place === 0 ? 'stdout' : 'stderr', bytes: message };
    // Text is the end of the stream. Of a terminal's, which goes both ways, Incus waits for ours.
    else sockets[place]!.terminate();
  }
  await untilOver();
  signal.throwIfAborted();
  const end = command.ended(END_MS);
  end.catch(() => undefined);
  setEnd(end);
  const { complaint } = await end;
  if (complaint === undefined) return;
  if (sockets.length > 1) yield { from: 'stderr', bytes: Buffer.from(complaint) };
  else yield { from: 'stdout', bytes: Buffer.from(complaint.replaceAll('\n', '\r\n')) };
}
