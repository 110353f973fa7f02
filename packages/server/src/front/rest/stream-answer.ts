import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import type { LongCall } from './long-calls.ts';

/** A client that takes nothing for this long, while there is something for it, loses its connection. */
const TAKE_MS = 60_000;
/** After this long without a byte the kernel asks whether the other end is still there; ten seconds later it is given up. */
export const KEEP_ALIVE_MS = 15_000;

/**
 * Answers a stream as it comes: `text/plain`, chunked. What is held is what the kernel holds of the connection and one chunk; a client
 * that reads slowly slows the stream down. An answer that ends before the stream does is cut off, so that nobody takes it for whole.
 */
export async function answerStream(
  source: Readable,
  call: LongCall,
  clock: Clock,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
  raw.writeHead(reply.statusCode, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/plain; charset=utf-8',
    // A proxy would wait until it has a page full.
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  try {
    if (request.method !== 'HEAD')
      for await (const chunk of source) if (!raw.write(chunk)) await drained(reply, call, clock);
    raw.end();
  } catch {
    // The worker, the call's end or the client cut it short. Whose fault it was, the worker and the client know.
    raw.destroy();
  } finally {
    call.end();
  }
}

/** Resolves when the client has taken what was written, or rejects when it takes nothing or the call is over. */
export async function drained({ raw }: FastifyReply, call: LongCall, clock: Clock): Promise<void> {
  const over = new AbortController();
  const late = clock.sleep(TAKE_MS, over.signal).then(() => call.end(new Error('the client takes nothing')));
  late.catch(() => undefined);
  try {
    await once(raw, 'drain', { signal: call.signal });
  } finally {
    over.abort(new Error('drained'));
  }
}
