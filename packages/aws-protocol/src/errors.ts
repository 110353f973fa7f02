/**
 * An error that the caller shall see. `code` is the shape's name in the service's model (`QueueDoesNotExist`) or any
 * other code; the protocol turns a modelled one into its wire code and status. Anything else a handler throws is
 * answered as the protocol's internal error, without its message.
 */
export class AwsError extends Error {
  override readonly name: string = 'AwsError';
  readonly code: string;
  /** HTTP status. Default: the model's, else 400. */
  readonly status: number | undefined;
  /** Further members of the modelled error, or further elements of an S3 error (`BucketName`, `Key` ...). */
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: {
      status?: number;
      members?: Readonly<Record<string, unknown>>;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.status = options.status;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

/**
 * Why a request is refused. Each protocol and service has its own code for each reason: see `overlay/refusals.json`. The last ones are for
 * servers: the library never refuses for them.
 */
export type RefusalReason =
  | 'malformed'
  | 'parameter'
  | 'escape'
  | 'validation'
  | 'missingParameter'
  | 'enumValue'
  | 'unknownOperation'
  | 'missingAction'
  | 'notImplemented'
  | 'unknownService'
  | 'missingAuthentication'
  | 'incompleteSignature'
  | 'queryClaim'
  | 'unknownKey'
  | 'signatureMismatch'
  | 'invalidToken'
  | 'expiredToken'
  | 'expired'
  | 'clockSkew'
  | 'unsupportedSignature'
  | 'accessDenied'
  | 'tooLarge'
  | 'incompleteBody'
  | 'bodyDigest'
  | 'payloadForm'
  | 'checksum'
  | 'digestForm'
  | 'checksumForm'
  | 'trailer'
  | 'missingLength'
  | 'internal'
  | 'notFound'
  | 'conflict'
  | 'idempotencyMismatch'
  | 'limitExceeded'
  | 'throttled'
  | 'unavailable';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;
  /** What S3 says further in elements of their own, and other services at the end of the message. */
  readonly details: Readonly<Record<string, string>> | undefined;
  /** Further headers of the answer, such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    reason: RefusalReason,
    message: string,
    options: ErrorOptions & {
      readonly details?: Readonly<Record<string, string>> | undefined;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

/** S3's code, which no other service has a word of its own for; the status is HTTP's. */
export function headersTooLarge(): AwsError {
  return new AwsError(
    'RequestHeaderSectionTooLarge',
    'Your request header section exceeds the maximum allowed request header section size.',
    { status: 431 },
  );
}
