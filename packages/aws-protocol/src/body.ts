import { createHash, type Hash } from 'node:crypto';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Malformed, type Limits } from './codec/malformed.ts';
import { Refusal } from './errors.ts';
import type { WireRequest } from './request.ts';
import { type Checksum, CHECKSUMS, type ChecksumName, createChecksum } from './s3/checksums.ts';
import { ChunkedDecoder, type ChunkSigning } from './sigv4/chunked.ts';
import { sameText } from './sigv4/keys.ts';
import { UNSIGNED_PAYLOAD, type Verified } from './sigv4/verify.ts';

/** What is known of a streamed body once it has ended; the getters throw before that. */
export interface BodyFacts {
  readonly length: number;
  /** Checksums that the client sent and that were verified, in base64, by their short name. */
  readonly checksums: Readonly<Partial<Record<ChecksumName, string>>>;
}

const HEX_64 = /^[0-9a-f]{64}$/;

export function isChunked(headers: Readonly<Record<string, string>>): boolean {
  return (
    headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true ||
    headers['x-amz-decoded-content-length'] !== undefined ||
    encodings(headers).includes('aws-chunked')
  );
}

function encodings(headers: Readonly<Record<string, string>>): string[] {
  return (headers['content-encoding'] ?? '')
    .split(',')
    .map((e) => e.trim().toLowerCase())
    .filter((e) => e !== '');
}

/** Content-Encoding as the object shall keep it: without the transport's `aws-chunked`. */
export function storedEncoding(headers: Readonly<Record<string, string>>): string | undefined {
  const kept = (headers['content-encoding'] ?? '')
    .split(',')
    .map((e) => e.trim())
    .filter((e) => e !== '' && e.toLowerCase() !== 'aws-chunked');
  return kept.length === 0 ? undefined : kept.join(', ');
}

/**
 * The body as the handler shall see it: framing taken off, length, digest, chunk signatures, trailer and checksums
 * verified while it passes. A wrong one arrives as an error of the stream, before its end. `ofObject`: the checksums in
 * the headers are those of a whole object, and not of this body.
 */
export function openBody(
  request: WireRequest,
  verified: Verified | undefined,
  ofObject = false,
): { stream: Readable; facts: () => BodyFacts } {
  const { headers } = request;
  const source =
    request.body instanceof Uint8Array
      ? Readable.from(request.body.length ? [request.body] : [], { objectMode: false })
      : request.body;
  const payload = verified?.payloadHash ?? headers['x-amz-content-sha256'] ?? UNSIGNED_PAYLOAD;
  // Where a digest of the body is signed, no header may turn its check off.
  const chunked = isChunked(headers) && !HEX_64.test(payload);
  const checks = new BodyChecks(
    headers,
    chunked ? decodedLength(headers) : contentLength(headers),
    HEX_64.test(payload) ? payload : undefined,
    ofObject,
  );
  if (!chunked) {
    if (payload.startsWith('STREAMING-'))
      throw new Refusal('incompleteBody', 'A streaming payload must be aws-chunked.');
    return { stream: join(source, [checks]), facts: () => checks.facts() };
  }
  const decoder = new ChunkedDecoder({
    ...chunkedForm(payload, verified),
    decodedLength: decodedLength(headers),
    atEnd: (trailers) => checks.expectTrailers(trailers),
  });
  return { stream: join(source, [decoder, checks]), facts: () => checks.facts() };
}

function chunkedForm(
  payload: string,
  verified: Verified | undefined,
): { signing: ChunkSigning | undefined; trailer: boolean } {
  if (payload.startsWith('STREAMING-AWS4-ECDSA'))
    throw new Refusal('unsupportedSignature', 'Signature version 4a is not supported.');
  const signed =
    payload === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' || payload === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
  if (!signed) return { signing: undefined, trailer: true };
  if (!verified || verified.scope === '')
    throw new Refusal('missingAuthentication', 'A signed stream needs a signed request.');
  return {
    signing: {
      signingKey: verified.signingKey,
      scope: verified.scope,
      timestamp: verified.claim.timestamp,
      seed: verified.claim.signature,
    },
    trailer: payload.endsWith('-TRAILER'),
  };
}

function contentLength(headers: Readonly<Record<string, string>>): number | undefined {
  return lengthOf(headers['content-length']);
}

function decodedLength(headers: Readonly<Record<string, string>>): number | undefined {
  return lengthOf(headers['x-amz-decoded-content-length']);
}

function lengthOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Malformed('A length must be a number.');
  return Number(text);
}

/** A client that goes away is no fault of the server's. */
export function asRefusal(error: Error & { code?: string }): Error {
  const gone = error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'EPIPE';
  return gone
    ? new Refusal('incompleteBody', 'The connection closed before the body was whole.', { cause: error })
    : error;
}

/** Pipes with errors passed on, so that the reader of the last stream sees every failure. */
function join(source: Readable, stages: Transform[]): Readable {
  let at: Readable = source;
  for (const stage of stages) {
    const from = at;
    from.on('error', (error) => stage.destroy(asRefusal(error)));
    from.on('close', () => {
      if (!from.readableEnded && !stage.destroyed)
        stage.destroy(new Refusal('incompleteBody', 'The connection closed before the body was whole.'));
    });
    from.pipe(stage);
    at = stage;
  }
  // A body that nobody reads may still fail; without a listener that would end the process.
  at.on('error', () => {});
  return at;
}

const PREFIX = 'x-amz-checksum-';
/** Headers with that prefix that hold no checksum. */
const NO_CHECKSUM = new Set(['algorithm', 'type', 'mode']);

/** The checksum that a header holds. One that cannot be verified is refused: the client would take it for verified. */
function checksumOf(header: string): ChecksumName | undefined {
  if (!header.startsWith(PREFIX)) return undefined;
  const name = header.slice(PREFIX.length);
  if (NO_CHECKSUM.has(name)) return undefined;
  const known = CHECKSUMS.find((checksum) => checksum === name);
  if (!known) throw new Refusal('notImplemented', `The checksum algorithm ${name.slice(0, 64)} is not supported.`);
  return known;
}

class BodyChecks extends Transform {
  readonly #expected = new Map<ChecksumName, string>();
  readonly #running = new Map<ChecksumName, Checksum>();
  readonly #verified: Partial<Record<ChecksumName, string>> = {};
  readonly #sha256: Hash | undefined;
  readonly #digest: string | undefined;
  readonly #length: number | undefined;
  #seen = 0;
  #ended = false;

  constructor(
    headers: Readonly<Record<string, string>>,
    length: number | undefined,
    digest: string | undefined,
    ofObject: boolean,
  ) {
    super({ highWaterMark: 1 << 18 });
    this.#length = length;
    this.#digest = digest;
    this.#sha256 = digest === undefined ? undefined : createHash('sha256');
    const md5 = headers['content-md5'];
    if (md5 !== undefined) {
      if (Buffer.from(md5, 'base64').length !== 16)
        throw new Refusal('checksum', 'The Content-MD5 you specified is not valid.');
      this.#expect('md5', md5);
    }
    for (const header of ofObject ? [] : Object.keys(headers)) {
      const name = checksumOf(header);
      if (name !== undefined) this.#expect(name, headers[header] as string);
    }
    for (const announced of (headers['x-amz-trailer'] ?? '').split(',')) {
      const name = checksumOf(announced.trim().toLowerCase());
      if (name !== undefined && !this.#running.has(name)) this.#running.set(name, createChecksum(name));
    }
  }

  #expect(name: ChecksumName, value: string): void {
    const before = this.#expected.get(name);
    if (before !== undefined && before !== value)
      throw new Refusal('checksum', `The ${name} checksum is given twice and differs.`);
    this.#expected.set(name, value);
    if (!this.#running.has(name)) this.#running.set(name, createChecksum(name));
  }

  /** Trailing headers: a checksum among them must have been announced in `x-amz-trailer`. */
  expectTrailers(trailers: Readonly<Record<string, string>>): void {
    for (const [header, value] of Object.entries(trailers)) {
      const name = header.replace('x-amz-checksum-', '') as ChecksumName;
      if (header === name || !CHECKSUMS.includes(name)) continue;
      if (!this.#running.has(name))
        throw new Refusal('incompleteBody', `The trailing header ${header} was not announced in x-amz-trailer.`);
      this.#expected.set(name, value);
    }
    for (const name of this.#running.keys()) {
      if (!this.#expected.has(name))
        throw new Refusal('incompleteBody', `The trailing header x-amz-checksum-${name} was announced but not sent.`);
    }
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#seen += chunk.length;
    if (this.#length !== undefined && this.#seen > this.#length) {
      done(new Refusal('incompleteBody', 'The body is longer than it says.'));
      return;
    }
    this.#sha256?.update(chunk);
    for (const checksum of this.#running.values()) checksum.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      if (this.#length !== undefined && this.#seen !== this.#length)
        throw new Refusal('incompleteBody', 'The body is shorter than it says.');
      if (this.#digest !== undefined && !sameText(this.#sha256?.digest('hex') ?? '', this.#digest)) {
        throw new Refusal('bodyDigest', 'The provided x-amz-content-sha256 header does not match what was computed.');
      }
      for (const [name, checksum] of this.#running) {
        const value = checksum.digest();
        if (value !== this.#expected.get(name)) {
          throw new Refusal('checksum', `The ${name} you specified did not match the calculated checksum.`);
        }
        this.#verified[name] = value;
      }
      this.#ended = true;
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  facts(): BodyFacts {
    if (!this.#ended) throw new Error('the body has not been read to its end');
    return { length: this.#seen, checksums: this.#verified };
  }
}

/** Reads a whole body, at most `limits.bodyBytes` before and after decompression. */
export async function readBody(
  stream: Readable,
  headers: Readonly<Record<string, string>>,
  limits: Limits,
): Promise<Uint8Array> {
  const bytes = await collect(stream, limits.bodyBytes);
  const kept = encodings(headers).filter((e) => e !== 'aws-chunked' && e !== 'identity');
  if (kept.length !== 1 || kept[0] !== 'gzip' || bytes.length === 0) return bytes;
  const unpacked = createGunzip();
  unpacked.end(bytes);
  try {
    return await collect(unpacked, limits.bodyBytes);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Malformed('The body is not gzip.');
  }
}

/** Reads a stream into memory, at most `maxBytes`. By events: an async iterator costs 15 us more a request. */
export function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const settle = (error?: Error | null): void => {
      stream.off('data', onData).off('end', onEnd).off('error', settle).off('close', onClose);
      if (error) {
        stream.on('error', () => {});
        reject(asRefusal(error));
      } else resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, length));
    };
    const onData = (part: Buffer): void => {
      length += part.length;
      parts.push(part);
      if (length <= maxBytes) return;
      stream.pause();
      settle(new Refusal('tooLarge', `The body is larger than ${maxBytes} bytes.`));
    };
    const onEnd = (): void => settle();
    const onClose = (): void =>
      settle(new Refusal('incompleteBody', 'The connection closed before the body was whole.'));
    if (stream.errored) return settle(stream.errored);
    if (stream.readableEnded) return settle();
    if (stream.destroyed) return onClose();
    stream.on('data', onData).on('end', onEnd).on('error', settle).on('close', onClose);
  });
}
