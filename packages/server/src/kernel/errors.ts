/**
 * Error codes that any operation may answer with, and their HTTP status (REST contract, section 2). Services add their own with
 * `CloudError` and list them in their `errors.ts`; the registry refuses an operation that names a code nobody declares.
 */
export const KERNEL_ERRORS = {
  INVALID_INPUT: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  CONFLICT: 409,
  IDEMPOTENCY_MISMATCH: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  MISDIRECTED_REQUEST: 421,
  QUOTA_EXCEEDED: 429,
  RATE_LIMITED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
} as const;

export type KernelErrorCode = keyof typeof KERNEL_ERRORS;

/** Codes with their HTTP status: a service's closed set. */
export type ErrorTable = Readonly<Record<string, number>>;

/** Who was refused at a door, before any operation ran, for the audit trail. */
export interface Denial {
  readonly userId: string;
  readonly keyId: string;
  /** The tenant of the key, if it has one. */
  readonly tenantId: string | undefined;
  /** The tenant that the caller asked for without being a member. */
  readonly aimedAt?: { readonly tenantId: string; readonly exists: boolean };
}

/** What a caller did wrong or cannot have. Everything else that is thrown is ours and becomes INTERNAL without its text. */
export class CloudError extends Error {
  readonly code: string;
  readonly status: number;
  /** Seconds, for Retry-After. */
  readonly retryAfter: number | undefined;
  /** The refusal is itself a change (a wrong password counts): the transaction commits, then this is thrown. */
  commits = false;
  /** Every call of this operation in this tenant that waits now would be refused alike: a quota has no room for even one more. */
  isForAll = false;
  /** Set if the refusal is to be audited by the door. */
  denial: Denial | undefined = undefined;
  constructor(code: string, status: number, message: string, retryAfter?: number) {
    super(message);
    this.name = 'CloudError';
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const kernelError = (code: KernelErrorCode, message: string, retryAfter?: number): CloudError =>
  new CloudError(code, KERNEL_ERRORS[code], message, retryAfter);

export const invalidInput = (message: string): CloudError => kernelError('INVALID_INPUT', message);
export const unauthorized = (message: string): CloudError => kernelError('UNAUTHORIZED', message);
export const forbidden = (message: string): CloudError => kernelError('FORBIDDEN', message);
export const conflict = (message: string): CloudError => kernelError('CONFLICT', message);
export const methodNotAllowed = (message: string): CloudError => kernelError('METHOD_NOT_ALLOWED', message);
export const requestTimedOut = (message: string): CloudError => kernelError('REQUEST_TIMEOUT', message);
export const payloadTooLarge = (message: string): CloudError => kernelError('PAYLOAD_TOO_LARGE', message);
export const unsupportedMediaType = (message: string): CloudError => kernelError('UNSUPPORTED_MEDIA_TYPE', message);
export const misdirected = (message: string): CloudError => kernelError('MISDIRECTED_REQUEST', message);
export const headersTooLarge = (message: string): CloudError => kernelError('HEADERS_TOO_LARGE', message);
export const unavailable = (message: string): CloudError => kernelError('UNAVAILABLE', message, 5);
export const timedOut = (message: string): CloudError => kernelError('TIMEOUT', message);
export const rateLimited = (message: string, retryAfter: number): CloudError =>
  kernelError('RATE_LIMITED', message, retryAfter);
export const quotaExceeded = (message: string): CloudError => kernelError('QUOTA_EXCEEDED', message, 60);
export const idempotencyMismatch = (message: string): CloudError => kernelError('IDEMPOTENCY_MISMATCH', message);
export const internal = (message: string): CloudError => kernelError('INTERNAL', message);

/** Says who was refused, so that the door can audit it. */
export function denied(error: CloudError, denial: Denial): CloudError {
  error.denial = denial;
  return error;
}

/** Marks a refusal whose transaction is to commit. */
export function committed(error: CloudError): CloudError {
  error.commits = true;
  return error;
}

/** What does not exist and what the caller may not see answer alike. */
export const notFound = (kind: string, ref: string): CloudError =>
  kernelError('NOT_FOUND', `${kind} '${ref}' does not exist`);
