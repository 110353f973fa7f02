import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { release } from '../answer.ts';
import { joinHeaders, type WireRequest, type WireResponse } from '../request.ts';
import type { AwsServer } from '../server.ts';

/** How much of a body that nobody wanted is read away before the connection is cut. */
const DRAIN_BYTES = 1 << 20;
/** A stream that has nothing to send by then has its head sent alone, since clients wait for it. */
const HEAD_DELAY_MS = 20;

/** What a server may do around each request. */
export interface NodeHooks {
  /** Before anything is done; the same `request` reaches the server's `credentials`, `admit` and `onVerified`. */
  received?(request: WireRequest, incoming: IncomingMessage, outgoing: ServerResponse): void;
  /** Before the answer is written; its headers may be added to. */
  answering?(answer: WireResponse, request: WireRequest, outgoing: ServerResponse): void;
}

/**
 * A listener for `http.createServer(listener)`. Trailing work after an early refusal is bounded: what is left of the
 * request body is read up to 1 MiB, then the connection closes.
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

async function answer<P>(
  server: AwsServer<P>,
  hooks: NodeHooks,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { headers, flaw } = readHeaders(incoming, server.limits.headerBytes);
  const request: WireRequest = { method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers, body: incoming };
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
  if (unread) headers['connection'] = 'close';
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
  } else {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    // The length of what a HEAD stands for is known to the handler only.
    if (!bodiless(result.status) && incoming.method !== 'HEAD') setLength(headers, length);
    outgoing.writeHead(result.status, headers);
    outgoing.end(bodiless(result.status) ? undefined : body);
  }
  if (unread) drain(incoming);
}

function bodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

function setLength(headers: Record<string, string>, length: number): void {
  // Written by a handler, it may be spelt otherwise.
  if (headers['Content-Length'] !== undefined) delete headers['Content-Length'];
  headers['content-length'] = String(length);
}

function drain(incoming: IncomingMessage): void {
  incoming.unpipe();
  let left = DRAIN_BYTES;
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) incoming.destroy();
  });
  incoming.on('error', () => {});
  incoming.resume();
  const timer = setTimeout(() => incoming.destroy(), 5000);
  timer.unref();
  incoming.on('close', () => clearTimeout(timer));
}
