import type { QueueRow } from './queue.ts';
import type { MessageRow } from './message.ts';

// What the parts of the data plane of queues hand to each other.

/** Bytes of messages that one statement reads: all of it is in memory at once, and what is parsed holds up everybody else. */
export const MOST_BYTES = 16 << 20;

/** A message to store; checked already. */
export interface NewMessage {
  readonly id: string;
  readonly body: string;
  /** JSON. */
  readonly attributes: string | null;
  readonly traceHeader: string | null;
  readonly size: number;
  readonly sender: string;
  readonly delaySeconds: number;
  readonly groupId: string | null;
  /** Of a FIFO queue: never null there. */
  readonly deduplicationId: string | null;
}

export interface StoredMessage {
  /** Of a duplicate: the id of the message that was stored before. */
  readonly id: string;
  /** Of a FIFO queue. A bigint, as text. */
  readonly sequence?: string;
  readonly createdAt: Date;
}

/** One receive call that wants messages of a queue. */
export interface Want {
  /** 1 to 10. */
  readonly max: number;
  readonly visibilitySeconds: number;
  /** Of a FIFO queue. */
  readonly attemptId: string | undefined;
}

export interface ReceiveOptions {
  readonly max: number;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
  readonly attemptId?: string | undefined;
  /** Aborts when the caller has gone: it takes nothing then. */
  readonly signal?: AbortSignal | undefined;
  /** On whom its right to receive depends: see `end`. */
  readonly subjects?: readonly string[];
}

export interface Receiver {
  /** Rejects with NOT_FOUND if the queue is gone, with RATE_LIMITED if too many calls wait, and with what the database says. */
  receive(queue: QueueRow, options: ReceiveOptions): Promise<readonly MessageRow[]>;
  /**
   * There may be something now for those who wait at the queue; in all queues if none is named. `from`: since when; groups of a FIFO queue
   * become available again at the time of their first message.
   */
  wake(queueId?: string, from?: Date): void;
  /** A message of the queue becomes visible in so many milliseconds. */
  wakeIn(queueId: string, ms: number): void;
  /**
   * Answers those who wait with nothing, whose rights depend on the subject: they may have changed. Without one, all. The next call is
   * judged by what holds then.
   */
  end(subject?: string): void;
  /** Calls that wait. */
  waiting(): number;
}

/** What the calls that wait at a queue want of it, in the order of their arrival. */
export interface TakeRequest {
  readonly queue: QueueRow;
  readonly wants: readonly Want[];
  /**
   * 20 hex digits, new for each request. A message's receipt handle is its id in 32 hex digits, this, and the message's place in the request in
   * four hex digits, from 1 on.
   */
  readonly nonce: string;
  /** Where a scan begins. Undefined: at the very start. */
  readonly floor: Date | undefined;
  /** Whether the time of the next message is asked for. */
  readonly wantsNext: boolean;
}

export interface Taken {
  /** False: the queue is gone. The rest is empty then. */
  readonly exists: boolean;
  /** For each want, in its order. */
  readonly messages: readonly (readonly MessageRow[])[];
  /** Messages that expired or went to the dead-letter queue instead: there may be more to take. */
  readonly settled: number;
  /** The messages would have been too large together: calls that got none are to ask again. */
  readonly isCut: boolean;
  /** When the first message was visible that the scan met. */
  readonly first: Date | undefined;
  /** The database's time of the scan. */
  readonly at: Date;
  /** When the next message becomes visible; undefined: none is there, or it was not asked for. */
  readonly next: Date | undefined;
  /** The dead-letter queue that got messages, if any: who waits there wakes. */
  readonly filled: readonly string[];
}

/** A handle that was read: the message that it is of. */
export interface Held {
  readonly queue: QueueRow;
  readonly messageId: string;
  readonly handle: string;
}

/** A change of visibility. */
export interface Extension extends Held {
  readonly seconds: number;
}
