interface ErrorFacts {
  readonly requestId?: string | undefined;
  readonly retryAfter?: number | undefined;
}

/** What the server answered in place of what was asked for. Most are of a class below; `code` tells more than the class. */
export class CloudApiError extends Error {
  override name = 'CloudApiError';
  /** `NOT_FOUND`, `QUOTA_EXCEEDED` …; `UNEXPECTED_ANSWER` where the answer was not the platform's. */
  readonly code: string;
  /** The HTTP status. */
  readonly status: number;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  /** Seconds after which the server says to try again. */
  readonly retryAfter: number | undefined;
  constructor(code: string, status: number, message: string, extra: ErrorFacts = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = extra.requestId;
    this.retryAfter = extra.retryAfter;
  }
}

/** 400, 413, 415: the input is wrong; the message names the member, its value and what is allowed. */
export class InvalidInputError extends CloudApiError {
  override name = 'InvalidInputError';
}

/** 401: no key, or one that does not exist, was revoked or has expired. */
export class UnauthorizedError extends CloudApiError {
  override name = 'UnauthorizedError';
}

/** 403: the caller is known and may not do this. */
export class ForbiddenError extends CloudApiError {
  override name = 'ForbiddenError';
}

/** 404: it does not exist, or the caller may not see it. */
export class NotFoundError extends CloudApiError {
  override name = 'NotFoundError';
}

/** 409: a name that is taken, a state that does not allow it, a version that has moved on. */
export class ConflictError extends CloudApiError {
  override name = 'ConflictError';
}

/** 429: calls come too fast. `retryAfter` says when the next may come. */
export class RateLimitedError extends CloudApiError {
  override name = 'RateLimitedError';
}

/** 429 with QUOTA_EXCEEDED: the tenant has no room. Later tries fail too until it has, so none is made. */
export class QuotaExceededError extends CloudApiError {
  override name = 'QuotaExceededError';
}

/** 503: the platform is busy, starting, or lacks a part. */
export class UnavailableError extends CloudApiError {
  override name = 'UnavailableError';
}

/** Any other 5xx: the platform failed. Give its operator the `requestId`. */
export class ServerError extends CloudApiError {
  override name = 'ServerError';
}

const BY_STATUS: ReadonlyMap<number, typeof CloudApiError> = new Map([
  [400, InvalidInputError],
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [404, NotFoundError],
  [409, ConflictError],
  [413, InvalidInputError],
  [415, InvalidInputError],
  [429, RateLimitedError],
  [503, UnavailableError],
]);

/** The error of a refusal by the platform, of the class of its code and status. */
export function apiError(code: string, status: number, message: string, extra: ErrorFacts): CloudApiError {
  const Class =
    code === 'QUOTA_EXCEEDED'
      ? QuotaExceededError
      : (BY_STATUS.get(status) ?? (status >= 500 ? ServerError : CloudApiError));
  return new Class(code, status, message, extra);
}

/** No answer came: nobody listens, the connection broke, or the time was up. Whether the call took effect is not known. */
export class CloudConnectionError extends Error {
  /** `timeout`, or the system's own word such as `ECONNREFUSED`. */
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CloudConnectionError';
    this.code = code;
  }
}

/** A wait ended before what it waited for. What was asked for goes on. */
export class CloudWaitError<T = unknown> extends Error {
  /** The resource as it was last seen. */
  readonly last: T | undefined;
  constructor(message: string, last: T | undefined) {
    super(message);
    this.name = 'CloudWaitError';
    this.last = last;
  }
}
