import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import type { WebSocket } from 'ws';
import { CloudError, unavailable } from '../kernel/errors.ts';
import type { Samples } from '../kernel/metrics.ts';
import { connectUnix, type Message, messagesOf } from '../kernel/web-socket.ts';
import { PLACES } from './places.ts';
import { LONGEST_MESSAGE } from './talk.ts';

/** Longer than the longest command (300 s). */
const CALL_DEADLINE_MS = 330_000;
/** Longest wait for a reading, which takes moments. */
const READ_DEADLINE_MS = 10_000;
/** Longest wait for a stream or a socket to begin: an engine is asked for it, with ten seconds for each question. */
const OPEN_DEADLINE_MS = 30_000;
/** Longest wait for the worker's metrics: who scrapes waits for it. */
const METRICS_DEADLINE_MS = 2_000;
/** Of a refusal. */
const LONGEST_REFUSAL = 64 * 1024;

export interface LiveClient {
  /**
   * Redeems a ticket at the worker and answers what it did. Throws the worker's error, or ENGINE_UNAVAILABLE when no worker is there. The
   * signal ends what the worker does, and the call with its reason.
   */
  call(ticket: string, signal?: AbortSignal): Promise<unknown>;
  /** The same, for an operation that only reads. */
  read(ticket: string, signal?: AbortSignal): Promise<unknown>;
  /** The same, for what answers a stream: it fails when it is cut off before its end. The signal ends it. */
  stream(ticket: string, signal: AbortSignal): Promise<Readable>;
  /** The same, for a socket. Its messages are to be read where it is opened. */
  socket(
    ticket: string,
    signal: AbortSignal,
  ): Promise<{ readonly socket: WebSocket; readonly messages: AsyncIterable<Message> }>;
  /** The worker's metrics. Throws ENGINE_UNAVAILABLE when it does not answer within 2 s. */
  metrics(): Promise<Samples>;
  stop(): Promise<void>;
}

interface Body {
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly retryAfter?: number };
}

const noWorker = (): CloudError =>
  new CloudError('ENGINE_UNAVAILABLE', 503, 'the worker does not answer and may be starting; try again', 5);

/** What the worker refused with, in its own words. */
function refusal(status: number, text: string): CloudError {
  try {
    const { error } = JSON.parse(text) as Body;
    if (error) return new CloudError(error.code, status, error.message, error.retryAfter);
  } catch {
    // Such an answer is not the worker's.
  }
  return noWorker();
}

/** The API's side. */
export function createLiveClient(socketPath: string): LiveClient {
  const agent = new Agent({
    connect: { socketPath },
    headersTimeout: CALL_DEADLINE_MS,
    bodyTimeout: CALL_DEADLINE_MS,
    connections: PLACES.answer.all + PLACES.reading.all + PLACES.stream.all,
  });
  const active = { answer: 0, reading: 0, stream: 0 };
  /** Beyond its connections undici would queue without bound, and a ticket that waits runs out. */
  const enter = (shape: keyof typeof active) => {
    const { all, noun } = PLACES[shape];
    if (active[shape] >= all) throw unavailable(`${all} ${noun} are in progress; try again`);
    active[shape]++;
    return () => {
      active[shape]--;
    };
  };

  const ask = async (
    shape: 'answer' | 'reading',
    path: string,
    headers: Record<string, string>,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<unknown> => {
    const leave = enter(shape);
    try {
      const answered = await request(`http://worker${path}`, {
        method: 'POST',
        dispatcher: agent,
        headers,
        signal: AbortSignal.any([AbortSignal.timeout(deadlineMs), ...(signal ? [signal] : [])]),
      });
      const text = await answered.body.text();
      if (answered.statusCode >= 400) throw refusal(answered.statusCode, text);
      return (JSON.parse(text) as Body).data;
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof CloudError ? error : noWorker();
    } finally {
      leave();
    }
  };

  return {
    call: (ticket, signal) => ask('answer', '/live', { 'x-ticket': ticket }, CALL_DEADLINE_MS, signal),
    read: (ticket, signal) => ask('reading', '/live', { 'x-ticket': ticket }, READ_DEADLINE_MS, signal),
    metrics: () => ask('reading', '/metrics', {}, METRICS_DEADLINE_MS) as Promise<Samples>,

    async stream(ticket, signal) {
      const leave = enter('stream');
      try {
        const answered = await request('http://worker/live', {
          method: 'POST',
          dispatcher: agent,
          headers: { 'x-ticket': ticket },
          headersTimeout: OPEN_DEADLINE_MS,
          // A log may be silent for days.
          bodyTimeout: 0,
          signal,
        });
        if (answered.statusCode >= 400) throw refusal(answered.statusCode, await answered.body.text());
        return answered.body.once('close', leave);
      } catch (error) {
        leave();
        if (error instanceof CloudError) throw error;
        signal.throwIfAborted();
        throw noWorker();
      }
    },

    async socket(ticket, signal) {
      const socket = connectUnix(socketPath, '/live', {
        headers: { 'x-ticket': ticket },
        maxPayload: LONGEST_MESSAGE,
        openMs: OPEN_DEADLINE_MS,
      });
      const messages = messagesOf(socket);
      const abort = () => socket.terminate();
      signal.addEventListener('abort', abort, { once: true });
      socket.once('close', () => signal.removeEventListener('abort', abort));
      await new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', () => reject(noWorker()));
        socket.once('unexpected-response', (asked, answered) => {
          void readRefusal(answered).then((text) => {
            reject(refusal(answered.statusCode ?? 503, text));
            asked.destroy();
          });
        });
        if (signal.aborted) abort();
      }).catch((error: unknown) => {
        socket.terminate();
        signal.throwIfAborted();
        throw error;
      });
      return { socket, messages };
    },

    // What is under way would hold the end up for as long as a command may run.
    stop: () => agent.destroy(),
  };
}

async function readRefusal(answered: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of answered.setEncoding('utf8')) {
      text += chunk as string;
      if (text.length > LONGEST_REFUSAL) break;
    }
  } catch {
    // Cut off: what came says what there is to say.
  }
  return text;
}
