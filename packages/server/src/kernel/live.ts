import type { Ticket } from './ticket.ts';
import type { Message } from './web-socket.ts';

/**
 * What the worker does for the bearer of a ticket: what an engine must be asked for at once. The signal aborts when the caller has gone, may
 * no longer, or the worker stops. What fails before the first promise resolves is the call's answer, with its HTTP status.
 */
export type LiveHandler = LiveAnswer | LiveStream | LiveSocket;

/** By operation. */
export type LiveHandlers = Readonly<Record<string, LiveHandler>>;

/** Answers once, in JSON. */
export type LiveAnswer = (ticket: Ticket, signal: AbortSignal) => Promise<unknown>;

/** Answers bytes as they come, until there are no more. What fails in between cuts the answer off. */
export interface LiveStream {
  readonly stream: (ticket: Ticket, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
}

/** Talks with the caller until it is done. The caller receives a thrown CloudError or EngineError before the end. */
export interface LiveSocket {
  readonly socket: (ticket: Ticket, signal: AbortSignal) => Promise<(peer: Peer) => Promise<void>>;
}

/** The caller's end of a socket. */
export interface Peer {
  /** In order, until the caller leaves; each is read when it is asked for. Text has the shape that the operation's `messages` says. */
  readonly messages: AsyncIterable<Message>;
  /** Resolves when the message is in the kernel's buffer, so a caller that awaits it holds only one message. */
  send(message: Message): Promise<void>;
}
