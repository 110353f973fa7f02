import type { WebSocket } from 'undici';
import { EngineError } from '../../kernel/engine-error.ts';
import type { ExecRequest, ExecResult } from '../../services/instances/compute-engine.ts';
import { type IncusClient, IncusError, type IncusOperation } from './incus-client.ts';
import { openSocket, whenClosed } from './websockets.ts';

/** Milliseconds a killed command's streams may stay open: what it started in the background may hold them. */
const DRAIN_MS = 2_000;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs a command in a running instance over websockets: stdout and stderr apart, each kept up to the limit, the rest read and dropped,
 * so that a chatty command neither blocks nor fills memory or disk. `machineEnv` are the variables that the machine was made with; the
 * request's own go before them.
 */
export async function execInInstance(
  client: IncusClient,
  project: string,
  name: string,
  request: ExecRequest,
  machineEnv: Readonly<Record<string, string>>,
): Promise<ExecResult> {
  const started = performance.now();
  const operation = await client.begin('POST', `/1.0/instances/${name}/exec`, {
    project,
    body: {
      command: request.command,
      environment: { PATH: DEFAULT_PATH, HOME: '/root', ...machineEnv, ...request.env },
      'wait-for-websocket': true,
      interactive: false,
      ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    },
  });
  const sockets: WebSocket[] = [];
  try {
    const open = async (channel: string, prepare?: (socket: WebSocket) => void): Promise<WebSocket> => {
      const path = `/1.0/operations/${operation.id}/websocket?secret=${secretOf(operation, channel)}`;
      const socket = await openSocket(client, path, prepare);
      sockets.push(socket);
      return socket;
    };
    const out = collect(request.outputLimit);
    const err = collect(request.outputLimit);
    // The command starts when its three streams are there, so input comes last: what a stream brings along with its handshake was lost in
    // one of twenty commands, and a control stream that comes after a short command's end is refused.
    const [control] = await Promise.all([open('control'), open('1', out.listen), open('2', err.listen)]);
    const stdin = await open('0');
    sendInput(stdin, request.stdin);
    const left = request.timeoutMs - (performance.now() - started);
    const { exitCode, timedOut } = await waitForEnd(client, operation, control, left).catch((error: unknown) => {
      const code = missingCommandCode(error);
      if (code === undefined) throw error;
      err.add(Buffer.from(`${request.command[0]}: ${code === 127 ? 'command not found' : 'cannot be executed'}\n`));
      return { exitCode: code, timedOut: false };
    });
    await withDeadline(Promise.all([out.ended, err.ended]), DRAIN_MS);
    return {
      exitCode,
      timedOut,
      stdout: out.bytes(),
      stderr: err.bytes(),
      truncated: out.truncated() || err.truncated(),
    };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

function secretOf(operation: IncusOperation, channel: string): string {
  const fds = operation.metadata?.['fds'] as Record<string, string> | undefined;
  const secret = fds?.[channel];
  if (secret === undefined) throw new EngineError('failed', `Incus gave no stream ${channel} for a command`);
  return secret;
}

async function waitForEnd(
  client: IncusClient,
  operation: IncusOperation,
  control: WebSocket,
  timeoutMs: number,
): Promise<{ exitCode: number; timedOut: boolean }> {
  const end = client.waitFor(operation.id, Math.max(1, timeoutMs) + DRAIN_MS + 10_000, 'a command');
  const ended = await withDeadline(end, Math.max(1, timeoutMs));
  if (ended.done) return { exitCode: exitCodeOf(ended.value), timedOut: false };
  control.send(JSON.stringify({ command: 'signal', signal: 9 }));
  const killed = await withDeadline(end, DRAIN_MS);
  // A child of the command can hold its streams open; nobody waits for it, and the streams are closed now.
  end.catch(() => undefined);
  return { exitCode: killed.done ? exitCodeOf(killed.value) : 137, timedOut: true };
}

function exitCodeOf(operation: IncusOperation): number {
  const code = operation.metadata?.['return'];
  if (typeof code !== 'number') throw new EngineError('failed', 'Incus gave no exit code for a command');
  return code;
}

/** As a shell answers: 127 where there is no such command, 126 where it is no program. */
function missingCommandCode(error: unknown): number | undefined {
  if (!(error instanceof IncusError)) return undefined;
  if (/command not found/i.test(error.message)) return 127;
  return /command not executable/i.test(error.message) ? 126 : undefined;
}

function sendInput(stdin: WebSocket, bytes: Uint8Array | undefined): void {
  const step = 64 * 1024;
  for (let at = 0; bytes !== undefined && at < bytes.length; at += step) stdin.send(bytes.slice(at, at + step));
  // An empty text frame is Incus' end of input.
  stdin.send('');
}

function collect(limit: number) {
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
  const listen = (socket: WebSocket): void => {
    socket.addEventListener('message', (event) => {
      if (typeof event.data !== 'string') add(new Uint8Array(event.data as ArrayBuffer));
      else if (event.data === '') resolve();
    });
    void whenClosed(socket).then(resolve);
  };
  return {
    ended,
    listen,
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
