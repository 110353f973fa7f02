import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BodyChecks, type BodyFacts } from './body-checks.ts';
import { asRefusal, BodyStream } from './body-stream.ts';
import { Malformed } from './codec/malformed.ts';
import { Refusal } from './errors.ts';
import type { WireRequest } from './request.ts';
import { ChunkedDecoder, type ChunkSigning } from './sigv4/chunked.ts';
import { UNSIGNED_PAYLOAD, type Verified } from './sigv4/verify.ts';

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
    return { stream: new BodyStream(request.body, [checks]), facts: () => checks.facts() };
  }
  const decoder = new ChunkedDecoder({
    ...chunkedForm(payload, verified),
    decodedLength: decodedLength(headers),
    atEnd: (trailers) => checks.expectTrailers(trailers),
  });
  return { stream: new BodyStream(request.body, [decoder, checks]), facts: () => checks.facts() };
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

/** Reads a whole body, at most `maxBytes` before and after decompression. */
export async function readBody(
  stream: Readable,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<Uint8Array> {
  const bytes = await collect(stream, maxBytes);
  const kept = encodings(headers).filter((e) => e !== 'aws-chunked' && e !== 'identity');
  if (kept.length !== 1 || kept[0] !== 'gzip' || bytes.length === 0) return bytes;
  const unpacked = createGunzip();
  unpacked.end(bytes);
  try {
    return await collect(unpacked, maxBytes);
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
    let isOver = false;
    const fail = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      stream.off('data', onData).on('error', () => {});
      reject(asRefusal(error));
    };
    const onData = (part: Buffer): void => {
      length += part.length;
      parts.push(part);
      if (length <= maxBytes) return;
      stream.pause();
      fail(new Refusal('tooLarge', `The body is larger than ${maxBytes} bytes.`));
    };
    // What listens then goes with the stream: to take it off would cost as much as the reading.
    const onEnd = (): void => {
      isOver = true;
      resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, length));
    };
    const onClose = (): void => {
      if (!isOver) fail(new Refusal('incompleteBody', 'The connection closed before the body was whole.'));
    };
    if (stream.errored) return fail(stream.errored);
    if (stream.readableEnded) return onEnd();
    if (stream.destroyed) return onClose();
    stream.on('data', onData).on('end', onEnd).on('error', fail).on('close', onClose);
  });
}
