import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { requestTimedOut } from '../kernel/errors.ts';

/** What is told when a connection closes. One listener a connection, however many requests it brings at once. */
const listenersOf = new WeakMap<Socket, Set<() => void>>();

/** Calls back once when the connection closes, at once where it is closed already; answers how to stop that. */
export function onClose(socket: Socket, listener: () => void): () => void {
  if (socket.destroyed) {
    listener();
    return () => undefined;
  }
  let listeners = listenersOf.get(socket);
  if (!listeners) {
    listeners = new Set();
    listenersOf.set(socket, listeners);
    const all = listeners;
    socket.once('close', () => {
      for (const one of all) one();
    });
  }
  const all = listeners;
  all.add(listener);
  return () => all.delete(listener);
}

/** A request until its answer has been taken or its connection has gone. However many ask for its end, it is listened for once. */
export class Passage {
  readonly request: IncomingMessage;
  readonly #response: ServerResponse;
  #atEnd: (() => void)[] | undefined = [];
  #gone: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.#response = response;
    // An answer that waits for its turn on a connection does not hear that the connection closes.
    const stop = onClose(request.socket, () => this.#end());
    const end = () => {
      stop();
      this.#end();
    };
    if (response.closed) end();
    else response.once('close', end);
  }

  /** True once it is over. */
  get isOver(): boolean {
    return this.#atEnd === undefined;
  }

  /** Calls back at the end, at once if that was before. */
  atEnd(callback: () => void): void {
    if (this.#atEnd) this.#atEnd.push(callback);
    else callback();
  }

  /** Aborted when the client goes away before it has its answer. Made only if somebody asks: most calls are answered at once. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.isOver) this.#abort();
    return this.#gone.signal;
  }

  #end(): void {
    const callbacks = this.#atEnd;
    if (!callbacks) return;
    this.#atEnd = undefined;
    this.#abort();
    for (const callback of callbacks) callback();
  }

  #abort(): void {
    if (!this.#response.writableFinished) this.#gone?.abort(requestTimedOut('the client left'));
  }
}

const passages = new WeakMap<IncomingMessage, Passage>();

/** The passage of a request; the same one each time. */
export function passageOf(request: IncomingMessage, response: ServerResponse): Passage {
  let passage = passages.get(request);
  if (!passage) {
    passage = new Passage(request, response);
    passages.set(request, passage);
  }
  return passage;
}
