import type { Ticket } from './ticket.ts';
import type { Message } from './web-socket.ts';

/**
 * What the worker does for the bearer of a ticket: a call that needs an engine immediately. The signal aborts when the caller leaves or loses its
 * permission, or the worker stops. An error before the first promise resolves is the call's answer, with its HTTP status.
 */
export type LiveHandler = LiveAnswer | LiveReading | LiveStream | LiveSocket;

/** Live handlers by operation. */
export type LiveHandlers = Readonly<Record<string, LiveHandler>>;

/** Answers once, in JSON. */
export type LiveAnswer = (ticket: Ticket, signal: AbortSignal) => Promise<unknown>;

/** The same for an operation that only reads: it takes moments, so it has its own places beside commands that take minutes. */
export interface LiveReading {
  readonly read: LiveAnswer;
}

/** Streams bytes as they are produced. A later error cuts the answer off. */
export interface LiveStream {
  readonly stream: (ticket: Ticket, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
}

/** Exchanges messages with the caller until the returned function ends. The caller receives a thrown CloudError or EngineError before the end. */
export interface LiveSocket {
  readonly socket: (ticket: Ticket, signal: AbortSignal) => Promise<(peer: Peer) => Promise<void>>;
}

/** The caller's end of a socket. */
export interface Peer {
  /** The caller's messages in order, until the caller leaves; each is read on demand. Text matches the operation's `messages` schema. */
  readonly messages: AsyncIterable<Message>;
  /** Resolves when the message is in the kernel's buffer, so a caller that awaits it holds only one message. */
  send(message: Message): Promise<void>;
}
