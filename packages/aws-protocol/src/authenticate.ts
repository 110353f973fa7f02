import { Readable } from 'node:stream';
import { collect, isChunked, openBody, readBody } from './body.ts';
import type { Limits } from './codec/malformed.ts';
import { Refusal } from './errors.ts';
import { isThenable } from './thenable.ts';
import type { WireRequest } from './request.ts';
import { EMPTY_SHA256 } from './sigv4/canonical.ts';
import { sameDigest } from './sigv4/keys.ts';
import { checkPayloadForm } from './sigv4/payload.ts';
import {
  type CredentialProvider,
  SignatureVerifier,
  sha256Hex,
  UNSIGNED_PAYLOAD,
  type Verified,
  type VerifyOptions,
} from './sigv4/verify.ts';

/** Who asks, and the body: opened as a stream, or read and found to be what was signed. */
export interface Authenticated<P> {
  /** Undefined for a request without any signature. */
  readonly verified: Verified<P> | undefined;
  readonly opened: ReturnType<typeof openBody> | undefined;
  readonly body: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const UNSIGNED: ReadonlySet<string> = new Set([UNSIGNED_PAYLOAD, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']);

/** S3 wants to know how long a body is before it takes it. */
export function requireLength({ body, headers }: WireRequest, streams: boolean): void {
  if (body instanceof Uint8Array) return;
  const isKnown = isChunked(headers)
    ? headers['x-amz-decoded-content-length'] !== undefined
    : headers['content-length'] !== undefined || (!streams && headers['transfer-encoding'] === undefined);
  if (!isKnown) throw new Refusal('missingLength', 'You must provide the Content-Length HTTP header.');
}

/** Finds the credential, checks the signature and reads the body, in the order that reads least of a bad request. */
export class Authenticator<P> {
  readonly #credentials: CredentialProvider<P>;
  readonly #limits: Limits;
  readonly #verifier: SignatureVerifier;

  constructor(credentials: CredentialProvider<P>, limits: Limits, options?: VerifyOptions) {
    this.#credentials = credentials;
    this.#limits = limits;
    this.#verifier = new SignatureVerifier(options);
  }

  async authenticate(
    request: WireRequest,
    what: {
      isS3: boolean;
      streams: boolean;
      mayBeUnsigned: boolean;
      checksumsOfObject: boolean;
      /** Of the request, with those that its URL carries. */
      headers: Readonly<Record<string, string>>;
      bucketOfHost: string | undefined;
      /** Of the service, if it has a limit of its own. */
      bodyBytes: number | undefined;
    },
  ): Promise<Authenticated<P>> {
    const { isS3, streams, bucketOfHost, bodyBytes = this.#limits.bodyBytes } = what;
    const stated = request.headers['x-amz-content-sha256'];
    if (stated !== undefined) checkPayloadForm(stated);
    const claim = this.#verifier.claim(request);
    // Strangers shall not have their bodies held.
    if (!claim && !what.mayBeUnsigned)
      throw new Refusal('missingAuthentication', 'Request is missing Authentication Token');
    const length = request.headers['content-length'];
    if (!streams && length !== undefined && Number(length) > bodyBytes) {
      throw new Refusal('tooLarge', `The body is larger than ${bodyBytes} bytes.`);
    }
    const open = (verified: Verified<P> | undefined): ReturnType<typeof openBody> => {
      const whole = { ...request, headers: what.headers };
      if (isS3) requireLength(whole, streams);
      return openBody(whole, verified, what.checksumsOfObject);
    };
    if (!claim) {
      if (!streams && !isS3 && !isChunked(request.headers)) {
        return {
          verified: undefined,
          opened: undefined,
          body: await unpack(await raw(request, bodyBytes), request, bodyBytes),
        };
      }
      const opened = open(undefined);
      return streams
        ? { verified: undefined, opened, body: EMPTY }
        : {
            verified: undefined,
            opened: undefined,
            body: await readBody(opened.stream, request.headers, bodyBytes),
          };
    }
    const known = this.#credentials(claim.accessKeyId, request);
    const credential = isThenable(known) ? await known : known;
    if (!credential)
      throw new Refusal('unknownKey', 'The AWS access key ID that you provided does not exist in our records.');
    // S3 requests, and all that state a digest, are checked before a byte of the body is read.
    if (isS3 || stated !== undefined) {
      const verified = this.#verifier.check(request, claim, credential, { bucketOfHost, bodyHash: () => EMPTY_SHA256 });
      if (!isS3 && !streams && UNSIGNED.has(verified.payloadHash)) {
        throw new Refusal('signatureMismatch', 'The payload must be signed.');
      }
      if (isS3 || streams || isChunked(request.headers)) {
        const opened = open(verified);
        if (streams) return { verified, opened, body: EMPTY };
        return { verified, opened: undefined, body: await readBody(opened.stream, request.headers, bodyBytes) };
      }
      const bytes = await raw(request, bodyBytes);
      if (!sameDigest(sha256Hex(bytes), verified.payloadHash))
        throw new Refusal('bodyDigest', 'The x-amz-content-sha256 header does not match the body.');
      return { verified, opened: undefined, body: await unpack(bytes, request, bodyBytes) };
    }
    // The signature covers a digest that only the body can tell, so even a streaming operation must wait for all of it.
    const bytes = await raw(request, bodyBytes);
    const verified = this.#verifier.check(request, claim, credential, {
      bucketOfHost,
      bodyHash: () => sha256Hex(bytes),
    });
    if (streams) return { verified, opened: openBody({ ...request, body: bytes }, verified), body: EMPTY };
    return { verified, opened: undefined, body: await unpack(bytes, request, bodyBytes) };
  }
}

function raw({ body }: WireRequest, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  return body instanceof Uint8Array ? body : collect(body, maxBytes);
}

function unpack(bytes: Uint8Array, { headers }: WireRequest, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  if (headers['content-encoding'] === undefined) return bytes;
  return readBody(Readable.from([bytes], { objectMode: false }), headers, maxBytes);
}
