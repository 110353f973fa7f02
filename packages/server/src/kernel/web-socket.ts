import { connect, type Socket } from 'node:net';
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws';

/** Text, or bytes. */
export type Message = string | Uint8Array;

/** How long the other side has to answer a close before its connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Opens a websocket on a unix socket. `path` is the URL's. Every error also closes the socket. */
export function connectUnix(
  socketPath: string,
  path: string,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly maxPayload: number;
    readonly openMs: number;
  },
): WebSocket {
  // Not by the URL (ws+unix:), which would take a blank in the socket's path for %20. The types lack createConnection and closeTimeout.
  const given: ClientOptions & { readonly createConnection: () => Socket; readonly closeTimeout: number } = {
    createConnection: () => connect(socketPath),
    closeTimeout: CLOSE_TIMEOUT_MS,
    handshakeTimeout: options.openMs,
    maxPayload: options.maxPayload,
    perMessageDeflate: false,
    headers: { ...options.headers },
  };
  return new WebSocket(`ws://unix${path}`, given).on('error', () => undefined);
}

/** Accepts upgrades that somebody else has received. `maxPayload` in bytes. */
export function createSocketServer(
  options: Required<Pick<ServerOptions, 'maxPayload'>> & ServerOptions,
): WebSocketServer {
  // The types lack closeTimeout.
  const given: ServerOptions & { readonly closeTimeout: number } = {
    ...options,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  return new WebSocketServer(given);
}

/** A connection that is not read hears of no end; writing to one that is closed at the other side tells. So often it is tried. */
const PAUSED_PING_MS = 500;

/** Sockets that we closed: nobody reads on, and what still comes is dropped. */
const closedByUs = new WeakSet<WebSocket>();

/**
 * The messages of several sockets, in the order in which they come, each with the place of its socket, until all are closed. Nothing is
 * read while nobody takes what came: what is held of each is one read of its connection (64 KiB) or one message, whichever is longer. It
 * listens at once: call it before the sockets open, or in the same turn.
 */
export function messagesFrom(
  sockets: readonly WebSocket[],
): AsyncGenerator<{ readonly place: number; readonly message: Message }, void, undefined> {
  const held: { readonly place: number; readonly message: Message }[] = [];
  let wake: () => void = () => undefined;
  let open = sockets.length;
  let isAbandoned = false;
  const pings = setInterval(() => {
    for (const socket of sockets) if (socket.isPaused) socket.ping(undefined, undefined, () => undefined);
  }, PAUSED_PING_MS).unref();
  for (const [place, socket] of sockets.entries()) {
    socket.on('message', (data, isBinary) => {
      if (isAbandoned || closedByUs.has(socket)) return;
      held.push({ place, message: isBinary ? (data as Buffer) : (data as Buffer).toString('utf8') });
      socket.pause();
      wake();
    });
    void closeOf(socket).then(() => {
      open--;
      if (open === 0) clearInterval(pings);
      wake();
    });
  }
  return (async function* take() {
    try {
      for (;;) {
        const next = held.shift();
        if (next !== undefined) yield next;
        else if (open === 0) return;
        else {
          for (const socket of sockets) socket.resume();
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      isAbandoned = true;
      held.length = 0;
      // What still comes is dropped, so that their ends are heard.
      for (const socket of sockets) socket.resume();
    }
  })();
}

/** The messages of one socket: see messagesFrom. */
export function messagesOf(socket: WebSocket): AsyncGenerator<Message, void, undefined> {
  const messages = messagesFrom([socket]);
  return (async function* take() {
    for await (const { message } of messages) yield message;
  })();
}

/** Resolves when the kernel has taken the message: who waits for it holds no more than one. Rejects when the socket closes before. */
export const sendMessage = (socket: WebSocket, message: Message): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(message, { binary: typeof message !== 'string' }, (error) => (error ? reject(error) : resolve()));
  });

/** Closes after what was sent. Cuts the connection if the peer does not answer in time. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  closedByUs.add(socket);
  // A socket that is not read hears no answer.
  socket.resume();
  socket.close(code, shorten(reason));
}

/** A close frame holds 123 bytes of reason. */
function shorten(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= 123) return reason;
  // A letter that was cut through is left out.
  return bytes.subarray(0, 120).toString('utf8').replace(/�+$/, '') + '…';
}

/** Resolves when the socket is closed, for whatever reason. */
export const closeOf = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve();
    else socket.once('close', () => resolve());
  });
