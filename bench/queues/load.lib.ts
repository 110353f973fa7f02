import type { Door } from './dialects.lib.ts';

/** What clients do, each with one connection and one request at a time. */
export interface Crowd {
  /** Each client takes one of these, in turn. */
  readonly doors: readonly Door[];
  /** `take`: receive and delete. `mixed`: half of the clients send, the others take and wait for messages. `poll`: long polls. */
  readonly does: 'send' | 'take' | 'mixed' | 'poll';
  readonly clients: number;
  /** Messages a request. */
  readonly batch: number;
  readonly bodyBytes: number;
  /** Requests a second of all its clients, however long the answers take. Default: each client sends its next request when the last one is answered. */
  readonly perSecond?: number;
}

export interface Order {
  readonly crowds: readonly Crowd[];
  /** Then no client begins another request. */
  readonly seconds: number;
}

/** What came of a crowd. */
export interface Outcome {
  /** Sent, or received and deleted; of `mixed` those received and deleted. */
  readonly messages: number;
  readonly sent: number;
  /** Receives that brought nothing. */
  readonly empty: number;
  readonly perSecond: number;
  /** Milliseconds of a send, or of a receive with its delete. */
  readonly p50: number;
  readonly p99: number;
}

/** A message on its way from a sender to a long poll. */
export interface Relay {
  readonly from: Door;
  readonly to: Door;
  readonly messages: number;
  /** Milliseconds between an answer taken and the next message sent. */
  readonly pauseMs: number;
}

/** Milliseconds from the moment before the send to the received message, for each. */
export type Latencies = readonly number[];

/** What the process of the load is asked for, by message. */
export type Task =
  | { readonly load: Order }
  | { readonly relay: Relay }
  | { readonly fill: Door; readonly messages: number };
