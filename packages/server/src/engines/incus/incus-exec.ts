import { abortable } from '../../kernel/abortable.ts';
import { closeOf } from '../../kernel/web-socket.ts';
import type { WebSocket } from 'ws';
import type { ExecRequest, ExecResult } from '../../services/instances/compute-engine.ts';
import { beginCommand, type CommandEnd, type CommandPlace, type IncusCommand } from './incus-command.ts';

/** Milliseconds that the streams of a killed command may stay open. */
const DRAIN_MS = 2_000;
/** Milliseconds for what is left of the output of one that has ended: it is read at the pace of its tenant. */
const READ_MS = 5_000;

/**
 * Runs a command in a running instance over websockets: stdout and stderr apart, each kept up to the limit, the rest read and dropped,
 * so that a chatty command neither blocks nor fills memory or disk. When its time is up or the signal aborts, it is killed with all that it
 * started.
 */
export async function execInInstance(
  place: CommandPlace,
  request: ExecRequest,
  signal?: AbortSignal,
): Promise<ExecResult> {
  const started = performance.now();
  const command = await beginCommand(place, request, signal);
  let isOver = false;
  try {
    const work = async (): Promise<ExecResult> => {
      const [control, stdout, stderr] = [command.connect('control'), command.connect('1'), command.connect('2')];
      const out = collect(stdout.socket, request);
      const err = collect(stderr.socket, request);
      // The command starts when its three streams are there, so input comes last: a control stream that comes after a short command's
      // end is refused.
      await Promise.all([control.opened, stdout.opened, stderr.opened]);
      const stdin = command.connect('0');
      await stdin.opened;
      sendInput(stdin.socket, request.stdin);
      const left = request.timeoutMs - (performance.now() - started);
      const { end, timedOut } = await waitForEnd(command, left);
      if (end.complaint !== undefined) err.add(Buffer.from(end.complaint));
      await withDeadline(Promise.all([out.ended, err.ended]), timedOut ? DRAIN_MS : READ_MS);
      isOver = true;
      return {
        exitCode: end.exitCode,
        timedOut,
        stdout: out.bytes(),
        stderr: err.bytes(),
        truncated: out.truncated() || err.truncated(),
      };
    };
    return await abortable(signal, work());
  } finally {
    if (!isOver) await command.kill();
    command.cut();
  }
}

async function waitForEnd(command: IncusCommand, timeoutMs: number): Promise<{ end: CommandEnd; timedOut: boolean }> {
  const end = command.ended(Math.max(1, timeoutMs) + DRAIN_MS + 10_000);
  const ended = await withDeadline(end, Math.max(1, timeoutMs));
  if (ended.done) return { end: ended.value, timedOut: false };
  await command.kill();
  const killed = await withDeadline(end, DRAIN_MS);
  end.catch(() => undefined);
  return { end: killed.done ? killed.value : { exitCode: 137 }, timedOut: true };
}
function sendInput(stdin: WebSocket, bytes: Uint8Array | undefined): void {
  const step = 64 * 1024;
  const ignore = (): void => undefined;
  for (let at = 0; bytes !== undefined && at < bytes.length; at += step)
    stdin.send(bytes.subarray(at, at + step), ignore);
  // An empty text frame is Incus' end of input.
  stdin.send('', ignore);
}

function collect(socket: WebSocket, { outputLimit: limit, pace }: ExecRequest) {
  const parts: Uint8Array[] = [];
  let kept = 0;
  let truncated = false;
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const add = (chunk: Uint8Array): void => {
    const room = limit - kept;
    if (chunk.length > room) truncated = true;
    if (room <= 0) return;
    const part = chunk.subarray(0, room);
    parts.push(part);
    kept += part.length;
  };
  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      add(data as Buffer);
      const paid = pace?.((data as Buffer).length);
      if (paid === undefined) return;
      socket.pause();
      void paid.then(() => socket.resume());
    } else if ((data as Buffer).length === 0) resolve();
  });
  void closeOf(socket).then(resolve);
  return {
    ended,
    add,
    truncated: () => truncated,
    bytes: (): Uint8Array => new Uint8Array(Buffer.concat(parts)),
  };
}

type Outcome<T> = { readonly done: true; readonly value: T } | { readonly done: false };

async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<Outcome<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome<T>>((resolve) => {
    timer = setTimeout(() => resolve({ done: false }), timeoutMs);
  });
  try {
    return await Promise.race([work.then((value): Outcome<T> => ({ done: true, value })), late]);
  } finally {
    clearTimeout(timer);
  }
}
