import type { WebSocket } from 'ws';
import { EngineError } from '../../kernel/engine-error.ts';
import { connectUnix } from '../../kernel/web-socket.ts';
import type { IncusClient } from './incus-client.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Longest message, in bytes: Incus sends at most what it read at once, 128 KiB, and events of some kilobytes. */
const LONGEST_MESSAGE = 1024 * 1024;

/**
 * Opens a websocket of Incus over its unix socket. The socket is there before it is open: who listens only afterwards may miss the first
 * messages.
 */
export function openSocket(
  client: IncusClient,
  path: string,
): { readonly socket: WebSocket; readonly opened: Promise<void> } {
  const socket = connectUnix(client.socketPath, path, { maxPayload: LONGEST_MESSAGE, openMs: CONNECT_TIMEOUT_MS });
  const where = path.split('?')[0];
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (cause) =>
      reject(
        cause.message.includes('timed out')
          ? new EngineError('timeout', `Incus did not open ${where} within ${CONNECT_TIMEOUT_MS} ms`, { cause })
          : new EngineError('unavailable', `Incus closed the stream ${where}: ${cause.message}`, { cause }),
      ),
    );
  });
  // A caller that waits for several learns of the first failure.
  opened.catch(() => undefined);
  return { socket, opened };
}
