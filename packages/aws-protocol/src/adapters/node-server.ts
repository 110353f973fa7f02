import { createServer, type Server, type ServerOptions, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AwsError, headersTooLarge } from '../errors.ts';
import type { WireRequest, WireResponse } from '../request.ts';
import type { AwsServer } from '../server.ts';
import { deferContinue, nodeListener, type NodeHooks } from './node-http.ts';

/** A client that does not take the answer loses its connection after this long. */
const LINGER_MS = 1_000;
/** Beside target and headers, each up to `limits.headerBytes`: the method, the version, the colons. */
const SLACK = 1 << 10;

/**
 * The `maxHeaderSize` that lets a request reach the server's own limit: Node's is 16 KiB for target and headers together, less than a presigned
 * URL with a session token beside many headers may take. Bytes.
 */
export function maxHeaderSizeOf<P>(server: AwsServer<P>): number {
  return 2 * server.limits.headerBytes + SLACK;
}

/**
 * An HTTP server for AWS requests, not listening yet: `nodeServer(server).listen(4566)`. It takes heads as large as `server.limits` allow and sends
 * `100 Continue` when a body is first read. What cannot be read as HTTP, or has a larger head, gets an error in AWS's form. `options` are
 * those of `http.createServer`.
 */
export function nodeServer<P>(server: AwsServer<P>, hooks: NodeHooks = {}, options: ServerOptions = {}): Server {
  const listener = nodeListener(server, hooks);
  return createServer({ maxHeaderSize: maxHeaderSizeOf(server), ...options }, listener)
    .on('checkContinue', deferContinue(listener))
    .on('clientError', unreadableListener(server));
}

/**
 * A listener for the event `clientError` of an HTTP server that is not made by `nodeServer`: answers what Node's parser could not read as
 * AWS would, and ends the connection.
 */
export function unreadableListener<P>(server: AwsServer<P>): (error: Error, socket: Duplex) => void {
  return (error, socket) => {
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    // Closed by the client, or answered already: what follows an unreadable request is unreadable too.
    if (!socket.writable) return;
    // Neither into the middle of the answer to the request before nor in its place: it may have been done.
    const underWay = (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage;
    if (underWay?.headersSent || underWay?.req.complete) return void socket.destroy();
    const flaw = error as NodeJS.ErrnoException & { rawPacket?: Buffer; reason?: string };
    socket.end(written(server.refuse(headOf(flaw.rawPacket), reasonOf(flaw))));
  };
}

function reasonOf({ code, reason }: NodeJS.ErrnoException & { reason?: string }): Error {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge();
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new AwsError('RequestTimeout', 'The request did not arrive within the time allowed.', { status: 400 });
  return new AwsError('InvalidRequest', `The request is not HTTP that can be read${reason ? `: ${reason}` : '.'}`);
}

/** What can be made out of a head that was not read: enough for the form of the answer. */
function headOf(packet: Buffer | undefined): WireRequest {
  const [first = '', ...lines] = (packet ?? Buffer.alloc(0)).toString('latin1').split('\r\n', 200);
  const [method = 'GET', url = '/'] = /^([A-Z]+) (\/\S*)/.exec(first)?.slice(1) ?? [];
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) headers[name.toLowerCase()] ??= value as string;
  }
  return { method, url, headers, body: new Uint8Array() };
}

function written({ status, headers, body }: WireResponse): string {
  const text = typeof body === 'string' ? body : body instanceof Uint8Array ? Buffer.from(body).toString('latin1') : '';
  const lines = Object.entries({
    ...headers,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', text].join('\r\n');
}
