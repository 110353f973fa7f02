import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import { rateLimited } from '../../kernel/errors.ts';

/**
 * Most requests of one key at a time. Clients keep some ten connections; a script that launches its whole quota at once and waits for each
 * instance stays below it too. Each costs what its answer takes in memory until the client has read it.
 */
export const MAX_PER_KEY = 200;
/** An answer that is not taken by then ends its connection… */
const TAKE_MS = 60_000;
/** … but who reads at this pace or faster, as over a poor mobile line, gets all of it. Bytes a second. */
const SLOWEST_PACE = 32 * 1024;
/** Made once: a stack for each answer costs more than all the rest here. */
const TAKEN = new Error('taken');
/** What an answer of unknown length counts as: more than the largest page of the documentation. */
const UNKNOWN_BYTES = 2 * 1024 * 1024;

export interface UnderWay {
  /** Counts the request until its answer has been taken or its connection has gone. Throws RATE_LIMITED when there are `most` of the name. */
  enter(name: string, most: number, request: IncomingMessage, response: ServerResponse, retryAfter?: number): void;
}

const ends = new WeakMap<Socket, AbortController>();

/** Aborts when the connection closes. One listener a connection, however many requests it brings at once. */
export function endOf(socket: Socket): AbortSignal {
  const known = ends.get(socket);
  if (known) return known.signal;
  const end = new AbortController();
  ends.set(socket, end);
  const close = () => end.abort(new Error('the client went away'));
  if (socket.destroyed) close();
  else socket.once('close', close);
  return end.signal;
}

export function createUnderWay(): UnderWay {
  const counts = new Map<string, number>();
  return {
    enter(name, most, request, response, retryAfter = 1) {
      const count = counts.get(name) ?? 0;
      if (count >= most)
        throw rateLimited(`${most} requests are under way or their answers not read; wait for one to end`, retryAfter);
      // An answer that waits for its turn on a connection does not hear that the connection closes.
      const end = endOf(request.socket);
      if (end.aborted) return;
      counts.set(name, count + 1);
      let isOver = false;
      const leave = () => {
        if (isOver) return;
        isOver = true;
        end.removeEventListener('abort', leave);
        const left = (counts.get(name) ?? 1) - 1;
        if (left > 0) counts.set(name, left);
        else counts.delete(name);
      };
      end.addEventListener('abort', leave);
      response.once('finish', leave);
      response.once('close', leave);
    },
  };
}

/** Ends the connection of a client that does not take its answer. The time runs from the moment that it is the answer's turn. */
export function endUntaken(response: ServerResponse, payload: unknown, clock: Clock): void {
  const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.byteLength(payload) : UNKNOWN_BYTES;
  const taken = new AbortController();
  const stop = () => taken.abort(TAKEN);
  response.once('finish', stop);
  response.once('close', stop);
  const watch = (socket: Socket) => {
    // Closed before the answer was there: it hears of no end any more.
    if (socket.destroyed) return;
    clock.sleep(TAKE_MS + (bytes / SLOWEST_PACE) * 1000, taken.signal).then(
      () => socket.destroy(),
      () => undefined,
    );
  };
  if (response.socket) watch(response.socket);
  else response.once('socket', watch);
}
