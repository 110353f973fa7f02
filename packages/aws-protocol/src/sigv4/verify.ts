import { createHmac, hash } from 'node:crypto';
import { decodeComponent } from '../codec/form.ts';
import { Refusal } from '../errors.ts';
import { splitUrl, type WireRequest } from '../request.ts';
import {
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  EMPTY_SHA256,
  S3_NAMES,
  stringToSign,
  uriEncode,
} from './canonical.ts';
import { type Claim, readClaim } from './claim.ts';
import { HmacKey, SigningKeys, sameDigest, sameText } from './keys.ts';
import { explain } from './explain.ts';
import { checkPayloadForm } from './payload.ts';
import { stringToSignV2 } from './sigv2.ts';

/** A key pair that may sign. `principal` is whatever the handlers shall know about its owner. */
export interface Credential<P = unknown> {
  readonly secretAccessKey: string;
  /** Set for temporary credentials: the request must carry the same token. */
  readonly sessionToken?: string;
  readonly principal: P;
}
/**
 * The one thing a user must supply: the credential of an access key id, or undefined for an unknown one. `request` names it, unverified yet:
 * for a principal that remembers where it came from.
 */
export type CredentialProvider<P = unknown> = (
  accessKeyId: string,
  request: WireRequest,
) => Credential<P> | undefined | Promise<Credential<P> | undefined>;

export interface VerifyOptions {
  /** How far a request's clock may be off, in milliseconds. Default 15 minutes, as AWS. */
  readonly maxSkewMs?: number;
  /** The time in epoch milliseconds. Default: the machine's. */
  readonly now?: () => number;
  /**
   * For debugging clients: a signature that does not match is answered with what it should have signed, as AWS does. All of it comes from
   * the request. Default false.
   */
  readonly explain?: boolean;
  readonly keys?: SigningKeys;
  /** Remove dot segments from paths of services other than S3. Default true. */
  readonly normalizePath?: boolean;
}

/** A signature that was found good. */
export interface Verified<P = unknown> {
  readonly accessKeyId: string;
  readonly principal: P;
  readonly claim: Claim;
  /** What the signature covers as the body's digest: a hex digest, `UNSIGNED-PAYLOAD` or `STREAMING-...`. */
  readonly payloadHash: string;
  /** The key and scope that sign the chunks of a streamed body. */
  readonly signingKey: HmacKey;
  readonly scope: string;
}

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const NO_KEY = new HmacKey(Buffer.alloc(0));
const LEAVE_OUT = new Set(['X-Amz-Signature', 'x-amz-signature']);
const LEAVE_OUT_TOKEN = new Set([...LEAVE_OUT, 'X-Amz-Security-Token']);

/** Verifies signatures. One per server: it keeps derived keys. */
export class SignatureVerifier {
  readonly #keys: SigningKeys;
  readonly #now: () => number;
  readonly #maxSkew: number;
  readonly #normalize: boolean;
  readonly #explain: boolean;

  constructor(options: VerifyOptions = {}) {
    this.#keys = options.keys ?? new SigningKeys();
    this.#now = options.now ?? Date.now;
    this.#maxSkew = options.maxSkewMs ?? 15 * 60_000;
    this.#normalize = options.normalizePath ?? true;
    this.#explain = options.explain ?? false;
  }

  /** The claim of a request, checked for time but not for its signature; undefined when it is not signed at all. */
  claim(request: WireRequest): Claim | undefined {
    const claim = readClaim(request, splitUrl(request.url).query);
    if (claim) this.#checkTime(claim);
    return claim;
  }

  /**
   * Checks the claim's signature. `bodyHash` is asked for the hex SHA-256 of the body where the signature covers it and
   * no header states it. Throws Refusal.
   */
  check<P>(
    request: WireRequest,
    claim: Claim,
    credential: Credential<P>,
    options: { bucketOfHost?: string | undefined; bodyHash: () => string },
  ): Verified<P> {
    checkToken(claim, credential);
    const base = { accessKeyId: claim.accessKeyId, principal: credential.principal, claim };
    if (claim.form === 'sigv2') {
      const toSign = stringToSignV2(request, claim, options.bucketOfHost);
      const expected = createHmac('sha1', credential.secretAccessKey).update(toSign).digest('base64');
      if (!sameText(expected, claim.signature)) throw mismatch(this.#explain ? explain(claim, toSign) : undefined);
      return { ...base, payloadHash: UNSIGNED_PAYLOAD, signingKey: NO_KEY, scope: '' };
    }
    const s3 = S3_NAMES.has(claim.service);
    const payloadHash = this.#payloadHash(request, claim, s3, options.bodyHash);
    const signingKey = this.#keys.get(claim.scope, credential.secretAccessKey);
    const scope = claim.scope.text;
    const { path, query } = splitUrl(request.url);
    const canonical = (canonPath: string, canonQuery: string): string =>
      canonicalRequest({
        method: request.method,
        path: canonPath,
        query: canonQuery,
        signedHeaders: claim.signedHeaders,
        signedNames: claim.scope.signedNames,
        headers: request.headers,
        payloadHash,
      });
    const sign = (canonPath: string, canonQuery: string): string =>
      signingKey.hex(stringToSign(claim.timestamp, scope, canonical(canonPath, canonQuery)));
    const canonPath = canonicalPath(path, s3, this.#normalize);
    const canonQuery = canonicalQuery(query, claim.form === 'presigned' ? LEAVE_OUT : undefined);
    let good = sameDigest(sign(canonPath, canonQuery), claim.signature);
    if (!good && s3) {
      // Some clients sign the strictly encoded path but send it with fewer escapes, or the other way round.
      const strict = path
        .split('/')
        .map((part) => uriEncode(decodeComponent(part, false)))
        .join('/');
      good = strict !== canonPath && sameDigest(sign(strict, canonQuery), claim.signature);
    }
    if (!good && claim.form === 'presigned' && claim.sessionToken !== undefined) {
      // Some services' presigners append the token after signing.
      good = sameDigest(sign(canonPath, canonicalQuery(query, LEAVE_OUT_TOKEN)), claim.signature);
    }
    if (!good && this.#explain) {
      const wanted = canonical(canonPath, canonQuery);
      throw mismatch(explain(claim, stringToSign(claim.timestamp, scope, wanted), wanted));
    }
    if (!good) throw mismatch();
    this.#keys.keep(claim.scope, credential.secretAccessKey, signingKey);
    if (s3) refuseUnsignedHeaders(request, claim);
    return { ...base, payloadHash, signingKey, scope };
  }

  #payloadHash(request: WireRequest, claim: Claim, s3: boolean, bodyHash: () => string): string {
    const stated = request.headers['x-amz-content-sha256'];
    if (s3 && claim.form === 'presigned') {
      // A presigned URL covers a digest only if it says so itself, or if the header is signed.
      const inQuery = /(?:^|&)X-Amz-Content-Sha256=([^&]*)/i.exec(splitUrl(request.url).query)?.[1];
      if (inQuery !== undefined) {
        checkPayloadForm(inQuery);
        return inQuery;
      }
      return stated !== undefined && claim.signedHeaders.includes('x-amz-content-sha256') ? stated : UNSIGNED_PAYLOAD;
    }
    if (stated !== undefined) return stated;
    if (s3) throw new Refusal('incompleteSignature', 'Missing required header for this request: x-amz-content-sha256');
    return bodyHash();
  }

  #checkTime(claim: Claim): void {
    const now = this.#now();
    if (claim.form === 'sigv2') {
      if (now > (claim.expires as number) * 1000) throw new Refusal('expired', 'Request has expired');
      return;
    }
    if (claim.form === 'presigned') {
      if (claim.time > now + this.#maxSkew) throw new Refusal('expired', 'Request is not yet valid');
      if (now > claim.time + (claim.expires as number) * 1000) throw new Refusal('expired', 'Request has expired');
      return;
    }
    if (Math.abs(now - claim.time) > this.#maxSkew) {
      throw new Refusal(
        'clockSkew',
        `Signature expired or not yet valid: the request was signed at ${claim.timestamp}, the server's time is ${new Date(now).toISOString()}.`,
      );
    }
  }
}

function checkToken(claim: Claim, credential: Credential): void {
  if (
    credential.sessionToken === undefined
      ? claim.sessionToken === undefined
      : claim.sessionToken !== undefined && sameText(claim.sessionToken, credential.sessionToken)
  ) {
    return;
  }
  throw new Refusal('invalidToken', 'The security token included in the request is invalid.');
}

/** S3 refuses `x-amz-` headers that the signature does not cover: they could have been added on the way. */
function refuseUnsignedHeaders(request: WireRequest, claim: Claim): void {
  for (const name of Object.keys(request.headers)) {
    if (!name.startsWith('x-amz-') || claim.signedHeaders.includes(name)) continue;
    if (name === 'x-amz-security-token' || (claim.form === 'presigned' && name === 'x-amz-content-sha256')) continue;
    throw new Refusal('accessDenied', 'There were headers present in the request which were not signed', {
      details: { HeadersNotSigned: name },
    });
  }
}

function mismatch(details?: Readonly<Record<string, string>>): Refusal {
  return new Refusal(
    'signatureMismatch',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    { details },
  );
}

export function sha256Hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? EMPTY_SHA256 : hash('sha256', bytes, 'hex');
}
