import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { type CloudError, headersTooLarge, invalidInput, requestTimedOut } from '../kernel/errors.ts';

/** A client that does not take the answer loses its connection after this long. */
const LINGER_MS = 1_000;

/** What Node's parser of HTTP could not read, in our words. */
export function nameFlaw(error: { readonly code?: string | undefined; readonly reason?: string }): CloudError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return headersTooLarge('the headers are larger than 16 KiB');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimedOut('the request did not arrive in time');
  return invalidInput(`this is not a valid HTTP request${error.reason ? `: ${error.reason}` : ''}`);
}

/** Whether the client left in the middle of a request's head: nobody waits for an answer, and writing one costs more than the rest. */
export const hasLeft = (error: NodeJS.ErrnoException): boolean =>
  error.code === 'HPE_INVALID_EOF_STATE' || error.code === 'ECONNRESET';

/** Answers a request that never became one, on its socket, and ends the connection. */
export function answerOnSocket(
  socket: Socket,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  // Closed by the client, or answered already: what follows an unreadable request is unreadable too.
  if (!socket.writable) return;
  // Not into the middle of an answer to the request before.
  const underWay = (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage;
  if (underWay?.headersSent) return void socket.destroy();
  const lines = Object.entries({
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n'));
}
