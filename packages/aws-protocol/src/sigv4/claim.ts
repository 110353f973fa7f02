import { parsePairs } from '../codec/form.ts';
import { Refusal } from '../errors.ts';
import type { WireRequest } from '../request.ts';

/** What a request says about who signed it, before anything is checked. */
export interface Claim {
  readonly form: 'header' | 'presigned' | 'sigv2';
  readonly accessKeyId: string;
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** `YYYYMMDDTHHMMSSZ`; for SigV2 empty. */
  readonly timestamp: string;
  /** Epoch milliseconds of the signature. */
  readonly time: number;
  /** Seconds that a presigned URL lives; for SigV2 the epoch second of its end. */
  readonly expires: number | undefined;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** What is the same in many requests of one client. */
  readonly scope: Scope;
}

/** The part of a claim that a client repeats all day. */
export interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** The same, joined by semicolons, as they were given. */
  readonly signedNames: string;
  /** Of the derived key. */
  readonly id: string;
  /** `date/region/service/aws4_request`, as chunks and requests sign it. */
  readonly text: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const AUTHORIZATION = /^AWS4-HMAC-SHA256\s+(.*)$/s;
const BASIC_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const HEX_64 = /^[0-9a-f]{64}$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;

/** Whether a query carries a claim, whole or not. */
export const namesSigner = (query: string): boolean =>
  query !== '' && /(?:^|&)(?:X-Amz-Algorithm|X-Amz-Signature|X-Amz-Credential|AWSAccessKeyId)=/i.test(query);

/** Whether a request carries a claim, whole or not. */
export const hasClaim = (request: WireRequest, query: string): boolean =>
  request.headers['authorization'] !== undefined || namesSigner(query);

/**
 * Reads the claim, or gives undefined for a request that carries none. Throws Refusal for a claim that is not whole, or
 * of a kind that is not supported (SigV4a, SigV2 in a header).
 */
export function readClaim(request: WireRequest, query: string): Claim | undefined {
  const authorization = request.headers['authorization'];
  const inQuery = namesSigner(query);
  if (authorization === undefined) return inQuery ? readQueryClaim(query) : undefined;
  if (inQuery)
    throw new Refusal(
      'incompleteSignature',
      'Only one authentication mechanism is allowed: a header or the query string.',
    );
  return readHeaderClaim(authorization, request);
}

/** Scopes that were read from `Authorization` headers, by all that stands before the signature. */
const scopes = new Map<string, Scope>();
const KEPT_SCOPES = 1000;
const LONGEST_KEPT = 1024;

function readHeaderClaim(authorization: string, request: WireRequest): Claim {
  const tail = authorization.length - 64;
  const head = authorization.slice(0, tail);
  const kept = scopes.get(head);
  const stamp = request.headers['x-amz-date'] ?? httpDate(request.headers['date']);
  if (kept && stamp !== undefined)
    return claimOf('header', kept, stamp, authorization.slice(tail), undefined, tokensOf(request));
  const claim = parseHeaderClaim(authorization, stamp, request);
  if (head.endsWith('Signature=') && head.length <= LONGEST_KEPT) {
    if (scopes.size >= KEPT_SCOPES) scopes.delete(scopes.keys().next().value as string);
    scopes.set(head, claim.scope);
  }
  return claim;
}

function tokensOf({ headers }: WireRequest): Tokens {
  return { token: headers['x-amz-security-token'], express: headers['x-amz-s3session-token'] };
}

function parseHeaderClaim(authorization: string, stamp: string | undefined, request: WireRequest): Claim {
  const parts = AUTHORIZATION.exec(authorization);
  if (!parts) {
    if (authorization.startsWith('AWS4-ECDSA-P256-SHA256')) throw sigv4a();
    if (authorization.startsWith('AWS ')) {
      throw new Refusal(
        'unsupportedSignature',
        'Signature version 2 is supported in presigned S3 URLs only. Please use AWS4-HMAC-SHA256.',
      );
    }
    throw new Refusal('unsupportedSignature', 'Unsupported Authorization type. Please use AWS4-HMAC-SHA256.');
  }
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of (parts[1] as string).split(',')) {
    const cut = part.indexOf('=');
    if (cut > 0) fields[part.slice(0, cut).trim()] = part.slice(cut + 1).trim();
  }
  const credential = fields['Credential'];
  const names = fields['SignedHeaders'];
  const signature = fields['Signature'];
  if (!credential || !names || !signature) {
    throw new Refusal(
      'incompleteSignature',
      "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
    );
  }
  if (stamp === undefined) {
    throw new Refusal(
      'incompleteSignature',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  return complete('header', credential, stamp, names, signature, undefined, tokensOf(request));
}

function readQueryClaim(query: string): Claim {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of parsePairs(query, false, 10_000)) {
    const key = name.toLowerCase();
    if (!key.startsWith('x-amz-') && !V2_FIELDS.has(name)) continue;
    const stored = key.startsWith('x-amz-') ? key : name;
    if (fields[stored] !== undefined) throw new Refusal('queryClaim', `Query parameter ${name} is given twice.`);
    fields[stored] = value;
  }
  if (fields['AWSAccessKeyId'] !== undefined && fields['x-amz-algorithm'] === undefined) return readV2(fields);
  const algorithm = fields['x-amz-algorithm'];
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') throw sigv4a();
  const credential = fields['x-amz-credential'];
  const names = fields['x-amz-signedheaders'];
  const signature = fields['x-amz-signature'];
  const stamp = fields['x-amz-date'];
  const expires = fields['x-amz-expires'];
  if (algorithm !== ALGORITHM || !credential || !names || !signature || !stamp) {
    throw new Refusal(
      'queryClaim',
      'Query-string authentication requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date and X-Amz-SignedHeaders parameters.',
    );
  }
  if (expires !== undefined) checkExpires(expires);
  // Services other than S3 presign without X-Amz-Expires; AWS gives those 15 minutes.
  return complete('presigned', credential, stamp, names, signature, Number(expires ?? 900), {
    token: fields['x-amz-security-token'],
    express: fields['x-amz-s3session-token'],
  });
}

const V2_FIELDS = new Set(['AWSAccessKeyId', 'Signature', 'Expires']);

function readV2(fields: Record<string, string>): Claim {
  const { AWSAccessKeyId: accessKeyId, Signature: signature, Expires: expires } = fields;
  if (!accessKeyId || !signature || !expires) {
    throw new Refusal(
      'accessDenied',
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters.',
    );
  }
  if (!/^\d{1,12}$/.test(expires))
    throw new Refusal('accessDenied', `Invalid date (should be seconds since epoch): ${expires.slice(0, 100)}`);
  return {
    form: 'sigv2',
    accessKeyId,
    signature,
    sessionToken: fields['x-amz-security-token'],
    timestamp: '',
    time: 0,
    expires: Number(expires),
    date: '',
    region: '',
    service: 's3',
    signedHeaders: [],
    scope: { id: '', accessKeyId, date: '', region: '', service: 's3', signedHeaders: [], signedNames: '', text: '' },
  };
}

interface Tokens {
  readonly token: string | undefined;
  /** S3 Express has a name of its own for the token that CreateSession gives. */
  readonly express: string | undefined;
}

function complete(
  form: 'header' | 'presigned',
  credential: string,
  stamp: string,
  names: string,
  signature: string,
  expires: number | undefined,
  tokens: Tokens,
): Claim {
  const reason = form === 'header' ? 'incompleteSignature' : 'queryClaim';
  // An access key may hold slashes in theory; the four scope fields never do.
  const scope = credential.split('/');
  if (scope.length < 5 || scope.at(-1) !== 'aws4_request') {
    throw new Refusal(reason, 'Credential must be <access key>/<date>/<region>/<service>/aws4_request.');
  }
  const [date, region, service] = scope.slice(-4, -1) as [string, string, string];
  const signedHeaders = names.split(';');
  for (let i = 0; i < signedHeaders.length; i++) {
    const name = signedHeaders[i] as string;
    if (!HEADER_NAME.test(name) || (i > 0 && name <= (signedHeaders[i - 1] as string))) {
      throw new Refusal(reason, 'SignedHeaders must be lower-case names in order, separated by semicolons.');
    }
  }
  if (!signedHeaders.includes('host')) throw new Refusal(reason, "'Host' must be a signed header.");
  const accessKeyId = scope.slice(0, -4).join('/');
  const text = `${date}/${region}/${service}/aws4_request`;
  const id = `${accessKeyId}\n${text}`;
  const parsed: Scope = { id, accessKeyId, date, region, service, signedHeaders, signedNames: names, text };
  return claimOf(form, parsed, stamp, signature, expires, tokens);
}

function claimOf(
  form: 'header' | 'presigned',
  scope: Scope,
  stamp: string,
  signature: string,
  expires: number | undefined,
  tokens: Tokens,
): Claim {
  const { accessKeyId, date, region, service, signedHeaders } = scope;
  const reason = form === 'header' ? 'incompleteSignature' : 'queryClaim';
  const time = parseStamp(stamp);
  if (time === undefined) throw new Refusal(reason, 'The date must be in ISO 8601 basic form: YYYYMMDDTHHMMSSZ.');
  if (!stamp.startsWith(date) || date.length !== 8)
    throw new Refusal(reason, `Date in Credential scope does not match the date of the request: ${date}.`);
  if (!HEX_64.test(signature))
    throw new Refusal('signatureMismatch', 'Signature must be 64 lower-case hexadecimal digits.');
  return {
    form,
    accessKeyId,
    signature,
    sessionToken: service === 's3express' ? (tokens.express ?? tokens.token) : tokens.token,
    timestamp: stamp,
    time,
    expires,
    date,
    region,
    service,
    signedHeaders,
    scope,
  };
}

const WEEK_S = 604_800;

function checkExpires(text: string): void {
  const seconds = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0 && seconds <= WEEK_S) return;
  throw new Refusal(
    'queryClaim',
    Number.isNaN(seconds)
      ? 'X-Amz-Expires should be a number'
      : seconds < 0
        ? 'X-Amz-Expires must be non-negative'
        : `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${WEEK_S} seconds`,
  );
}

/** Many requests come in one second. */
let lastStamp = '';
let lastTime: number | undefined;

export function parseStamp(stamp: string): number | undefined {
  if (stamp === lastStamp) return lastTime;
  const m = BASIC_TIME.exec(stamp);
  if (!m) return undefined;
  const time = Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6]));
  lastStamp = stamp;
  lastTime = Number.isNaN(time) ? undefined : time;
  return lastTime;
}

function httpDate(value: string | undefined): string | undefined {
  if (value === undefined || BASIC_TIME.test(value)) return value;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function sigv4a(): Refusal {
  return new Refusal(
    'unsupportedSignature',
    'Signature version 4a (AWS4-ECDSA-P256-SHA256) is not supported. Please use AWS4-HMAC-SHA256.',
  );
}
