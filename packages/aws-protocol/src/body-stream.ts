import { Readable } from 'node:stream';
import { Refusal } from './errors.ts';

/** What the bytes of a body pass before a handler sees them. What it throws becomes the stream's error. */
export interface BodyFilter {
  /** Gives on to `pass` what is left of a piece. */
  take(piece: Buffer, pass: (bytes: Buffer) => void): void;
  /** The source has ended: throws where more was to come. */
  end(): void;
}

/** A quarter of a megabyte keeps a fast sender from waiting for each step of a slow reader. */
const HELD_BYTES = 1 << 18;

/**
 * A request's body behind its filters, in one step. Nothing is asked of the source before somebody reads, so that a
 * client that waits for `100 Continue` sends nothing for a handler that refuses. Throwing this stream away leaves the
 * source alone: the answer goes over the same socket.
 */
export class BodyStream extends Readable {
  readonly #source: Readable | Uint8Array;
  readonly #filters: readonly BodyFilter[];
  #begun = false;
  #full = false;

  constructor(source: Readable | Uint8Array, filters: readonly BodyFilter[]) {
    super({ highWaterMark: HELD_BYTES });
    this.#source = source;
    this.#filters = filters;
    // A body that nobody reads may still fail; without a listener that would end the process.
    this.on('error', () => {});
  }

  override _read(): void {
    const source = this.#source;
    if (this.#begun) {
      if (source instanceof Readable) source.resume();
      return;
    }
    this.#begun = true;
    if (!(source instanceof Readable)) {
      if (source.length > 0) this.#onData(Buffer.from(source.buffer, source.byteOffset, source.byteLength));
      if (!this.destroyed) this.#onEnd();
      return;
    }
    if (source.errored) this.destroy(asRefusal(source.errored));
    else if (source.readableEnded) this.#onEnd();
    else if (source.destroyed) this.#onClose();
    else {
      source.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
      source.resume();
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#leave();
    done(error);
  }

  #leave(): void {
    const source = this.#source;
    if (!this.#begun || !(source instanceof Readable)) return;
    source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError);
    source.on('error', () => {}).pause();
  }

  readonly #onData = (piece: Buffer): void => {
    this.#full = false;
    try {
      this.#pass(piece, 0);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    if (this.#full && this.#source instanceof Readable) this.#source.pause();
  };

  #pass(piece: Buffer, at: number): void {
    const filter = this.#filters[at];
    if (filter) filter.take(piece, (bytes) => this.#pass(bytes, at + 1));
    else if (!this.push(piece)) this.#full = true;
  }

  readonly #onEnd = (): void => {
    // What is still held here outlives the source.
    this.#leave();
    try {
      for (const filter of this.#filters) filter.end();
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    this.push(null);
  };

  readonly #onError = (error: Error): void => {
    this.destroy(asRefusal(error));
  };

  readonly #onClose = (): void => {
    this.destroy(new Refusal('incompleteBody', 'The connection closed before the body was whole.'));
  };
}

/** A connection that the client closed becomes a refusal, so that it does not count as a server error. */
export function asRefusal(error: Error & { code?: string }): Error {
  const gone = error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'EPIPE';
  return gone
    ? new Refusal('incompleteBody', 'The connection closed before the body was whole.', { cause: error })
    : error;
}
