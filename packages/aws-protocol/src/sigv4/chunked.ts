import { createHash, type Hash, hash } from 'node:crypto';
import type { BodyFilter } from '../body-stream.ts';
import { Refusal } from '../errors.ts';
import { EMPTY_SHA256 } from './canonical.ts';
import { type HmacKey, sameText } from './keys.ts';

export interface ChunkSigning {
  readonly signingKey: HmacKey;
  readonly scope: string;
  readonly timestamp: string;
  /** The signature of the request's head: the first link of the chain. */
  readonly seed: string;
}

export interface ChunkedOptions {
  /** Undefined for `STREAMING-UNSIGNED-PAYLOAD-TRAILER`. */
  readonly signing: ChunkSigning | undefined;
  /** Trailing headers follow the last chunk. */
  readonly trailer: boolean;
  /** `x-amz-decoded-content-length`, where stated. */
  readonly decodedLength: number | undefined;
  /** Asked before the stream ends well, with the trailing headers in lower case. May throw Refusal. */
  readonly atEnd?: (trailers: Readonly<Record<string, string>>) => void;
}

const MAX_LINE = 1024;
const MAX_TRAILER = 8192;

/**
 * Takes `aws-chunked` framing off a body, and verifies each chunk's signature and the trailer's. Bytes pass before their
 * chunk's signature is known, so that memory stays flat: a reader may trust them only when the stream has ended, and a
 * bad signature, length or trailer arrives as a stream error.
 */
export class ChunkedDecoder implements BodyFilter {
  readonly #options: ChunkedOptions;
  #state: 'size' | 'data' | 'dataEnd' | 'trailer' | 'done' = 'size';
  #line: Buffer[] = [];
  #lineLength = 0;
  #left = 0;
  #total = 0;
  #chunkHash: Hash | undefined;
  #chunkSignature = '';
  #previous: string;
  readonly #trailers: Record<string, string> = Object.create(null) as Record<string, string>;
  #trailerText = '';
  #trailerSignature: string | undefined;
  #trailerLength = 0;

  constructor(options: ChunkedOptions) {
    this.#options = options;
    this.#previous = options.signing?.seed ?? '';
  }

  end(): void {
    // The trailer's closing empty line is missing from some clients.
    if (this.#state === 'trailer' && this.#lineLength === 0) this.#finish();
    if (this.#state !== 'done') throw incomplete('The body ends before its last chunk.');
  }

  take(bytes: Buffer, pass: (bytes: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        const part = bytes.subarray(at, end);
        this.#chunkHash?.update(part);
        pass(part);
        this.#left -= part.length;
        at = end;
        if (this.#left === 0) this.#state = 'dataEnd';
        continue;
      }
      if (this.#state === 'done') throw incomplete('The body goes on after its last chunk.');
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline + 1;
      this.#line.push(bytes.subarray(at, end));
      this.#lineLength += end - at;
      at = end;
      if (this.#lineLength > MAX_LINE) throw incomplete('A chunk header is too long.');
      if (newline >= 0) this.#onLine(this.#takeLine());
    }
  }

  #takeLine(): string {
    const line = (this.#line.length === 1 ? (this.#line[0] as Buffer) : Buffer.concat(this.#line)).toString('latin1');
    this.#line = [];
    this.#lineLength = 0;
    return line.endsWith('\r\n') ? line.slice(0, -2) : line.slice(0, -1);
  }

  #onLine(line: string): void {
    if (this.#state === 'size') this.#onSize(line);
    else if (this.#state === 'dataEnd') {
      if (line !== '') throw incomplete('A chunk is longer than it says.');
      this.#verifyChunk();
      this.#state = 'size';
    } else this.#onTrailer(line);
  }

  #onSize(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!match) throw incomplete('A chunk header is malformed.');
    if (this.#options.signing && match[2] === undefined) throw incomplete('A chunk has no signature.');
    const size = Number.parseInt(match[1] as string, 16);
    this.#chunkSignature = match[2] ?? '';
    this.#total += size;
    const { decodedLength } = this.#options;
    if (decodedLength !== undefined && this.#total > decodedLength)
      throw incomplete('The body is longer than x-amz-decoded-content-length.');
    this.#left = size;
    if (this.#options.signing) this.#chunkHash = createHash('sha256');
    if (size > 0) {
      this.#state = 'data';
      return;
    }
    this.#verifyChunk();
    this.#state = 'trailer';
  }

  #verifyChunk(): void {
    const { signing } = this.#options;
    if (!signing || !this.#chunkHash) return;
    const digest = this.#chunkHash.digest('hex');
    const expected = signing.signingKey.hex(
      `AWS4-HMAC-SHA256-PAYLOAD\n${signing.timestamp}\n${signing.scope}\n${this.#previous}\n${EMPTY_SHA256}\n${digest}`,
    );
    if (!sameText(expected, this.#chunkSignature)) {
      throw new Refusal('signatureMismatch', 'The signature of a chunk does not match.');
    }
    this.#previous = expected;
  }

  #onTrailer(line: string): void {
    if (line === '') {
      // An empty line closes the trailer; the documentation's example has one before the signature as well.
      if (this.#options.signing && this.#options.trailer && this.#trailerSignature === undefined) return;
      this.#finish();
      return;
    }
    this.#trailerLength += line.length;
    const colon = line.indexOf(':');
    if (!this.#options.trailer || colon < 1 || this.#trailerLength > MAX_TRAILER)
      throw incomplete('The trailer is malformed.');
    const name = line.slice(0, colon).toLowerCase().trim();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      this.#trailerSignature = value;
      return;
    }
    if (name in this.#trailers) throw incomplete('A trailing header is given twice.');
    this.#trailers[name] = value;
    this.#trailerText += `${name}:${value}\n`;
  }

  #finish(): void {
    const { signing, trailer, decodedLength, atEnd } = this.#options;
    if (decodedLength !== undefined && this.#total !== decodedLength)
      throw incomplete('The body is shorter than x-amz-decoded-content-length.');
    if (signing && trailer) {
      const expected = signing.signingKey.hex(
        `AWS4-HMAC-SHA256-TRAILER\n${signing.timestamp}\n${signing.scope}\n${this.#previous}\n${hash('sha256', this.#trailerText, 'hex')}`,
      );
      if (this.#trailerSignature === undefined || !sameText(expected, this.#trailerSignature)) {
        throw new Refusal('signatureMismatch', 'The signature of the trailing headers does not match.');
      }
    }
    atEnd?.(this.#trailers);
    this.#state = 'done';
  }
}

function incomplete(message: string): Refusal {
  return new Refusal('incompleteBody', message);
}
