import { WebSocket } from 'undici';
import { EngineError } from '../../kernel/engine-error.ts';
import type { IncusClient } from './incus-client.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Opens a websocket of Incus over its unix socket. `prepare` is called before it opens: who listens only afterwards may miss the first
 * messages.
 */
export async function openSocket(
  client: IncusClient,
  path: string,
  prepare: (socket: WebSocket) => void = () => undefined,
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://incus${path}`, { dispatcher: client.dispatcher });
  socket.binaryType = 'arraybuffer';
  prepare(socket);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new EngineError('timeout', `Incus did not open ${path.split('?')[0]}`)),
    CONNECT_TIMEOUT_MS,
  );
  socket.addEventListener('open', () => resolve());
  socket.addEventListener('error', (event) => {
    reject(new EngineError('unavailable', `Incus closed the stream ${path.split('?')[0]}`, { cause: event.error }));
  });
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the socket is closed, for whatever reason. */
export function whenClosed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve();
    else socket.addEventListener('close', () => resolve(), { once: true });
  });
}
