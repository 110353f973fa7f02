import type { IncomingMessage } from 'node:http';
import { CloudApiError, CloudConnectionError, type SocketTarget } from '@thecloud/sdk';
import type { RawData, WebSocket } from 'ws';
import { Failure, usage } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { withNames } from '../resolve.ts';
import { connect } from '../run-verb.ts';
import { VERSION } from '../version.ts';
import type { World } from '../world.ts';

/** Longest time to open the socket; the server calls an engine first. */
const OPEN_MS = 40_000;
/** The server pings every 15 s; after three missed pings the connection counts as lost. */
const SILENT_MS = 45_000;
const STDIN = 0;
const STDERR = 2;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;
type Signal = keyof typeof SIGNALS;

interface How {
  /** Joins this terminal and a terminal of the command. */
  readonly tty: boolean;
  /** Passes standard input on. */
  readonly input: boolean;
  /** The command is killed after this time. Absent: never. */
  readonly timeoutMs?: number;
}

/** Longest message that the server accepts, in bytes. */
const LONGEST_MESSAGE = 256 * 1024;
/** The exit code of timeout(1). */
const TIMED_OUT = 124;

/**
 * Connects standard input and outputs, or this terminal, to a command in an instance. Returns the command's exit code and restores the
 * terminal. If this process leaves first, the server kills the command with all the processes that it started.
 */
export async function runTerminal(invocation: Invocation, how: How): Promise<number> {
  const { world, verbs, input } = invocation;
  const verb = verbs.find((one) => one.name === 'instances.terminal');
  if (!verb) throw new Failure('this platform does not offer terminals');
  if (how.tty && how.input && world.stdin.isTTY !== true)
    throw usage('standard input is not a terminal; use -i without -t to pipe input');
  const transport = connect(invocation);
  const first = JSON.stringify({ type: 'command', command: input.command });
  if (Buffer.byteLength(first) > LONGEST_MESSAGE)
    throw usage('the command is longer than 256 KiB; pass long text by standard input');
  const term = /^[\w.+-]{1,64}$/.exec(world.env.TERM ?? '')?.[0];
  const socket = await withNames(invocation, transport, (named) =>
    openSocket(
      transport.socket(verb, {
        id: named.input.id,
        tty: how.tty,
        ...(how.tty ? { ...sizeOf(world), ...(term ? { term } : {}) } : {}),
      }),
    ),
  );
  try {
    // Not in the URL, because proxies log URLs.
    socket.send(first, () => undefined);
    return await join(world, socket, how);
  } finally {
    socket.terminate();
  }
}

const sizeOf = ({ stdout }: World): { rows: number; cols: number } => ({
  rows: Math.min(stdout.rows || 24, 1000),
  cols: Math.min(stdout.columns || 80, 1000),
});

async function openSocket({ url, protocols }: SocketTarget): Promise<WebSocket> {
  // Loaded here, because only this command needs it.
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, [...protocols], {
    headers: { 'user-agent': `thecloud-cli/${VERSION}` },
    handshakeTimeout: OPEN_MS,
    perMessageDeflate: false,
  });
  // Bytes that arrive with the handshake wait until there is a listener.
  socket.once('open', () => socket.pause());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (asked, answered) => {
      readRefusal(answered).then((refusal) => {
        reject(refusal);
        asked.destroy();
      }, reject);
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CloudConnectionError(
          error.code ?? 'unreachable',
          `${new URL(url).origin} cannot be reached (${error.code ?? error.message})`,
          error,
        ),
      ),
    );
  });
  return socket;
}

async function readRefusal(answered: IncomingMessage): Promise<CloudApiError> {
  let text = '';
  for await (const chunk of answered.setEncoding('utf8')) text += chunk as string;
  const status = answered.statusCode ?? 500;
  const retryAfter = Number(answered.headers['retry-after'] ?? Number.NaN);
  try {
    const { error, meta } = JSON.parse(text) as {
      error: { code: string; message: string };
      meta: { request_id?: string };
    };
    return new CloudApiError(error.code, status, error.message, {
      requestId: meta.request_id,
      ...(Number.isFinite(retryAfter) ? { retryAfter } : {}),
    });
  } catch {
    return new CloudApiError(
      'UNEXPECTED_ANSWER',
      status,
      `unexpected response to the websocket request: HTTP ${status}`,
    );
  }
}

/** From the open socket to the command's end. */
async function join(world: World, socket: WebSocket, how: How): Promise<number> {
  const { stdin, stdout } = world;
  let end: (code: number) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const ended = new Promise<number>((resolve, reject) => {
    [end, fail] = [resolve, reject];
  });
  const undo: (() => void)[] = [];
  const tell = (message: object) => socket.send(JSON.stringify(message), () => undefined);
  try {
    undo.push(listen(world, socket, end, fail), watchSigns(socket, fail), onSignals(world, end));
    if (how.timeoutMs !== undefined) undo.push(limitTime(how.timeoutMs, fail));
    if (how.tty) {
      if (how.input) undo.push(await world.takeTerminal());
      const resize = () => tell({ type: 'resize', ...sizeOf(world) });
      stdout.on('resize', resize);
      undo.push(() => stdout.off('resize', resize));
      // It may have changed while the socket was opened.
      resize();
    }
    if (how.input) undo.push(passOn(stdin, socket, () => tell({ type: 'eof' })));
    else if (!how.tty) tell({ type: 'eof' });
    socket.resume();
    return await ended;
  } finally {
    // Always restore the terminal.
    for (const one of undo.reverse()) one();
  }
}

/** Prints the command's outputs, no faster than they are taken, until it exits. Returns a function that stops listening. */
function listen(
  world: World,
  socket: WebSocket,
  end: (code: number) => void,
  fail: (error: Error) => void,
): () => void {
  let refusal: { code: string; message: string } | undefined;
  const hear = (text: string) => {
    const message = JSON.parse(text) as { type: string; code: never; message: string };
    // Write all output first; a full disk is an error that must be reported.
    if (message.type === 'exit')
      void Promise.all([world.stdout, world.stderr].map(flush)).then(() => setImmediate(end, message.code));
    if (message.type === 'error') refusal = message;
  };
  const closed = new Set<World['stdout']>();
  const flush = (out: World['stdout']) =>
    new Promise<void>((resolve) => (closed.has(out) ? resolve() : out.write('', () => resolve())));
  /** `cloud … | head`: the command gets SIGPIPE as in a local pipe, and its exit code still counts. */
  const onError = (out: World['stdout'], stream: 'stdout' | 'stderr') => (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') return fail(new Failure(`cannot write to ${stream}: ${error.code ?? error.message}`));
    if (closed.has(out)) return;
    closed.add(out);
    socket.send(JSON.stringify({ type: 'close', stream }), () => undefined);
    socket.resume();
  };
  const [onOut, onErr] = [onError(world.stdout, 'stdout'), onError(world.stderr, 'stderr')];
  world.stdout.on('error', onOut);
  world.stderr.on('error', onErr);
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const bytes = data as Buffer;
    if (!isBinary) return hear(bytes.toString('utf8'));
    const out = bytes[0] === STDERR ? world.stderr : world.stdout;
    if (closed.has(out) || out.write(bytes.subarray(1))) return;
    // Messages that were read already still come, and wait for the same.
    if (socket.isPaused) return;
    socket.pause();
    out.once('drain', () => socket.resume());
  });
  socket.once('close', (code) => {
    if (refusal) fail(new CloudApiError(refusal.code, code - 4000, refusal.message));
    else fail(new CloudConnectionError('cut off', `the connection to the command was cut off (${code})`));
  });
  return () => {
    // The last write may fail after the end; that is not an error any more.
    world.stdout.off('error', onOut).on('error', () => undefined);
    world.stderr.off('error', onErr).on('error', () => undefined);
  };
}

/** Sends typed or piped input, no faster than the socket takes it. */
function passOn(stdin: World['stdin'], socket: WebSocket, finish: () => void): () => void {
  const onData = (chunk: Buffer | string) => {
    stdin.pause();
    socket.send(Buffer.concat([Buffer.of(STDIN), Buffer.from(chunk as Buffer)]), () => {
      if (!isOver) stdin.resume();
    });
  };
  let isOver = false;
  stdin.on('data', onData);
  stdin.once('end', finish);
  return () => {
    isOver = true;
    stdin.off('data', onData);
    stdin.off('end', finish);
    stdin.pause();
  };
}

/** At a terminal, typed keys go to the command, Ctrl-C too. A signal is for this process: it ends, and the server kills the command. */
function onSignals(world: World, end: (code: number) => void): () => void {
  const offs = (Object.keys(SIGNALS) as Signal[]).map((signal) =>
    world.onSignal(signal, () => end(128 + SIGNALS[signal])),
  );
  return () => {
    for (const off of offs) off();
  };
}

function limitTime(ms: number, fail: (error: Error) => void): () => void {
  const late = () =>
    fail(new Failure('the command exceeded its timeout and was killed; set a longer one with --timeout', TIMED_OUT));
  const timer = setTimeout(late, ms);
  return () => clearTimeout(timer);
}

/** Fails if the server is silent for SILENT_MS. */
function watchSigns(socket: WebSocket, fail: (error: Error) => void): () => void {
  const late = setTimeout(
    () => fail(new CloudConnectionError('cut off', `the platform sent nothing for ${SILENT_MS / 1000} s`)),
    SILENT_MS,
  );
  for (const sign of ['ping', 'message'] as const) socket.on(sign, () => late.refresh());
  return () => clearTimeout(late);
}
