/** What the server answered in place of what was asked for. */
export class CloudApiError extends Error {
  /** `NOT_FOUND`, `QUOTA_EXCEEDED` …; `UNEXPECTED_ANSWER` where the answer was not the platform's. */
  readonly code: string;
  /** The HTTP status. */
  readonly status: number;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  /** Seconds after which the server says to try again. */
  readonly retryAfter: number | undefined;
  constructor(
    code: string,
    status: number,
    message: string,
    extra: { readonly requestId?: string | undefined; readonly retryAfter?: number | undefined } = {},
  ) {
    super(message);
    this.name = 'CloudApiError';
    this.code = code;
    this.status = status;
    this.requestId = extra.requestId;
    this.retryAfter = extra.retryAfter;
  }
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
