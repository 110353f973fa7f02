import { createHash, type Hash } from 'node:crypto';
import type { BodyFilter } from './body-stream.ts';
import { Refusal } from './errors.ts';
import { type Checksum, CHECKSUMS, type ChecksumName, createChecksum } from './s3/checksums.ts';
import { sameDigest } from './sigv4/keys.ts';

/** What is known of a streamed body once it has ended; the getters throw before that. */
export interface BodyFacts {
  readonly length: number;
  /** Checksums that the client sent and that were verified, in base64, by their short name. */
  readonly checksums: Readonly<Partial<Record<ChecksumName, string>>>;
}

const DIGEST_BYTES: Record<ChecksumName, number> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
  sha512: 64,
  md5: 16,
};

/** Base64 to the letter: Node's reader passes over what it does not know. */
function isDigest(name: ChecksumName, value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === DIGEST_BYTES[name] && bytes.toString('base64') === value;
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

/** Holds a body against the length, the digest and the checksums that its head or its trailer states. */
export class BodyChecks implements BodyFilter {
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
    this.#length = length;
    this.#digest = digest;
    this.#sha256 = digest === undefined ? undefined : createHash('sha256');
    const md5 = headers['content-md5'];
    if (md5 !== undefined) {
      if (!isDigest('md5', md5)) throw new Refusal('digestForm', 'The Content-MD5 you specified was invalid.');
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
    if (!isDigest(name, value))
      throw new Refusal('checksumForm', `Value for x-amz-checksum-${name} header is invalid.`);
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
        throw new Refusal('trailer', `The trailing header ${header} was not announced in x-amz-trailer.`);
      this.#expected.set(name, value);
    }
    for (const name of this.#running.keys()) {
      if (!this.#expected.has(name))
        throw new Refusal('trailer', `The trailing header x-amz-checksum-${name} was announced but not sent.`);
    }
  }

  take(piece: Buffer, pass: (bytes: Buffer) => void): void {
    this.#seen += piece.length;
    if (this.#length !== undefined && this.#seen > this.#length)
      throw new Refusal('incompleteBody', 'The body is longer than it says.');
    this.#sha256?.update(piece);
    for (const checksum of this.#running.values()) checksum.update(piece);
    pass(piece);
  }

  end(): void {
    if (this.#length !== undefined && this.#seen !== this.#length)
      throw new Refusal('incompleteBody', 'The body is shorter than it says.');
    if (this.#digest !== undefined && !sameDigest(this.#sha256?.digest('hex') ?? '', this.#digest)) {
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
  }

  facts(): BodyFacts {
    if (!this.#ended) throw new Error('the body has not been read to its end');
    return { length: this.#seen, checksums: this.#verified };
  }
}
