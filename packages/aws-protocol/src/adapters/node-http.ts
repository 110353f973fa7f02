import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { release } from '../answer.ts';
import { joinHeaders, type WireRequest, type WireResponse } from '../request.ts';
import type { AwsServer } from '../server.ts';

/**
 * What is read of a body that nobody wanted, so that a client which sends all of it before it reads has its answer.
 * Larger parts than 32 MiB are rare, and most clients stop when they see `connection: close`.
 */
const DRAIN_BYTES = 32 << 20;
const DRAIN_MS = 10_000;
/** Who sends nothing for so long waits for the end of the answer, or has no more to send. */
const DRAIN_IDLE_MS = 1_000;
/** A stream that has nothing to send by then has its head sent alone, since clients wait for it. */
const HEAD_DELAY_MS = 20;

/** Connections whose client was told that they close. */
const closing = new WeakSet<Socket>();

/** What a server may do around each request. */
export interface NodeHooks {
  /** Before anything is done; the same `request` reaches the server's `credentials`, `admit` and `onVerified`. */
  received?(request: WireRequest, incoming: IncomingMessage, outgoing: ServerResponse): void;
  /** Before the answer is written; its headers may be added to. */
  answering?(answer: WireResponse, request: WireRequest, outgoing: ServerResponse): void;
}

/**
 * A listener for `http.createServer(listener)`. After an early refusal the answer is sent at once, what is left of the
 * request's body is read up to 32 MiB, for 10 s, or until nothing comes for 1 s, then the connection closes.
 *
 * `server.on('checkContinue', deferContinue(listener))` beside it keeps clients that wait for `100 Continue` from
 * sending a body that will be refused.
 */
export function nodeListener<P>(server: AwsServer<P>, hooks: NodeHooks = {}): RequestListener {
  return (request, response) => {
    answer(server, hooks, request, response).catch((error: unknown) => {
      // Left to itself a rejection would end the process, and this request would wait for ever.
      process.emitWarning(error instanceof Error ? error : String(error));
      response.destroy();
    });
  };
}

/**
 * A listener for the server's `checkContinue` event, which serves the request by `listener` and answers `100 Continue`
 * when the body is first read: after authentication and whatever the handler checks before it reads. Without it Node
 * answers before anything is looked at.
 */
export function deferContinue(listener: RequestListener): RequestListener {
  return (incoming, outgoing) => {
    // Every reader of a stream listens to one of these; discarding the body needs neither.
    const onListener = (event: string | symbol): void => {
      if (event !== 'data' && event !== 'readable') return;
      incoming.off('newListener', onListener);
      if (!outgoing.headersSent) outgoing.writeContinue();
    };
    incoming.on('newListener', onListener);
    listener(incoming, outgoing);
  };
}

async function answer<P>(
  server: AwsServer<P>,
  hooks: NodeHooks,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // Pipelined behind a request that was refused: it would be done, and its answer never sent (RFC 9112, 9.6).
  if (closing.has(incoming.socket)) return;
  const { headers, flaw } = readHeaders(incoming, server.limits.headerBytes);
  const request: WireRequest = {
    method: incoming.method ?? 'GET',
    url: incoming.url ?? '/',
    headers,
    body: incoming,
    scheme: 'encrypted' in incoming.socket ? 'https' : 'http',
  };
  hooks.received?.(request, incoming, outgoing);
  const result =
    flaw === undefined ? await server.handle(request, () => signalOf(outgoing)) : server.refuse(request, flaw);
  hooks.answering?.(result, request, outgoing);
  await send(result, incoming, outgoing);
}

/** The headers, and why they cannot be taken where they cannot. */
function readHeaders(
  incoming: IncomingMessage,
  maxBytes: number,
): { headers: Record<string, string>; flaw: Error | undefined } {
  try {
    return { headers: joinHeaders(incoming.rawHeaders, maxBytes), flaw: undefined };
  } catch (error) {
    return { headers: lastHeaders(incoming), flaw: error as Error };
  }
}

/** Made only when a handler asks: most never do. */
function signalOf(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (outgoing.destroyed) gone.abort();
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
}

function lastHeaders(incoming: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
}

async function send(result: WireResponse, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) {
    release(result.body);
    return;
  }
  const { body, headers } = result;
  const unread = !incoming.readableEnded && !incoming.complete;
  if (body instanceof Readable) {
    outgoing.writeHead(result.status, headers);
    if (incoming.method === 'HEAD') {
      release(body);
      outgoing.end();
    } else {
      const timer = setTimeout(() => outgoing.flushHeaders(), HEAD_DELAY_MS);
      body.once('data', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
      // A client that goes away ends the source without an error, so that errors are always the source's own.
      outgoing.once('close', () => {
        if (!outgoing.writableFinished) body.destroy();
      });
      // The status is sent: a source that fails now can only cut the connection, and that is what tells the client.
      await pipeline(body, outgoing).catch(() => outgoing.destroy());
    }
    // The end of the message is what tells the client of the end of the stream, so the rest is read after it.
    if (!incoming.complete && !(await drain(incoming))) incoming.socket.destroy();
    return;
  }
  const empty = bodiless(result.status) || incoming.method === 'HEAD' || body.length === 0;
  // The length of what a HEAD stands for is known to the handler only.
  if (!bodiless(result.status) && incoming.method !== 'HEAD')
    setLength(headers, typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength);
  if (!unread) {
    outgoing.writeHead(result.status, headers);
    outgoing.end(empty ? undefined : body);
    return;
  }
  headers['connection'] = 'close';
  closing.add(incoming.socket);
  outgoing.writeHead(result.status, headers);
  if (empty) outgoing.flushHeaders();
  else outgoing.write(body);
  // Node closes a socket at the end of the answer; bytes unread by then would make the system throw the answer away.
  await drain(incoming);
  outgoing.end();
}

function bodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

function setLength(headers: Record<string, string>, length: number): void {
  // Written by a handler, it may be spelt otherwise.
  if (headers['Content-Length'] !== undefined) delete headers['Content-Length'];
  headers['content-length'] = String(length);
}

/** Reads what is left of a body, within bounds. False: there is more of it. */
function drain(incoming: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    let left = DRAIN_BYTES;
    const done = (whole: boolean): void => {
      clearTimeout(timer);
      clearTimeout(idle);
      incoming.off('data', count);
      resolve(whole);
    };
    const count = (chunk: Buffer): void => {
      left -= chunk.length;
      idle.refresh();
      if (left < 0) done(false);
    };
    const timer = setTimeout(done, DRAIN_MS, false).unref();
    const idle = setTimeout(done, DRAIN_IDLE_MS, false).unref();
    if (incoming.destroyed) done(true);
    incoming
      // A consumer that has not read it by now would stop its flow.
      .removeAllListeners('data')
      .removeAllListeners('readable')
      .on('error', () => {})
      .once('end', () => done(true))
      .once('close', () => done(true))
      .on('data', count)
      .resume();
  });
}
