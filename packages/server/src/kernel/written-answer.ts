import type { Caller } from './caller.ts';
import type { RegisteredOperation } from './operation.ts';
import type { Sql } from './sql/tx.ts';

// Answers that the API writes out bit by bit after execute() has authorised the call. The handler returns one; its transaction has ended
// before the first bit, and no connection is held between two reads.

/** What produces the answer may use while it lasts. */
export interface Writing {
  /** Aborts when the client left, the caller may no longer, or the API stops. */
  readonly signal: AbortSignal;
  /** Who calls, as of the last check of the key, which is at most one second old. */
  caller(): Caller;
  /** A short, read-only transaction in the caller's tenant. The signal ends it. */
  read<T>(fn: (sql: Sql) => Promise<T>): Promise<T>;
}

/** One server-sent event. With an id alone it only moves on where a client resumes. */
export interface ServerEvent<T = unknown> {
  /** Where the stream resumes after this event: opaque, one line of ASCII. */
  readonly id?: string;
  readonly data?: T;
}

/** Server-sent events. Items are asked for one by one, as fast as the client takes them. */
export interface WrittenEvents<T = unknown> {
  readonly open: (writing: Writing) => AsyncIterable<ServerEvent<T>>;
}

/** A download. Chunks are asked for one by one, as fast as the client takes them. An error cuts the answer off. */
export interface Download {
  /** One of the descriptor's content types. Default: the first. */
  readonly content?: string;
  /** The name under which a browser saves it. */
  readonly fileName: string;
  readonly open: (writing: Writing) => AsyncIterable<string | Uint8Array>;
}

/** An answer as the front gets it: the call's own reads are bound to it. */
export interface Ready<Item> {
  readonly open: (writing: Omit<Writing, 'read'>) => AsyncIterable<Item>;
}
export type ReadyEvents = Ready<ServerEvent>;
export type ReadyDownload = Omit<Download, 'open'> & Ready<string | Uint8Array>;

/** Whether the API itself writes the operation's answer out bit by bit. */
export const isWritten = ({ answer, descriptor }: RegisteredOperation): boolean =>
  answer === 'events' || (answer === 'stream' && !descriptor.live);

/** Binds reads to what a handler returned. */
export const ready = (
  answer: WrittenEvents | Download,
  read: <T>(caller: Caller, fn: (sql: Sql) => Promise<T>, signal: AbortSignal) => Promise<T>,
): ReadyEvents | ReadyDownload =>
  ({
    ...answer,
    open: (writing) => answer.open({ ...writing, read: (fn) => read(writing.caller(), fn, writing.signal) }),
  }) as ReadyEvents | ReadyDownload;
