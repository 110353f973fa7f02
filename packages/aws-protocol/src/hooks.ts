import type { RefusalReason } from './errors.ts';
import type { ProtocolName } from './model/compact.ts';
import type { WireRequest } from './request.ts';

/**
 * What is known about a request. Every hook of a request receives the same object, which fills as the request is processed. To keep data of
 * a request, use a `WeakMap` with this object, or its `request`, as key.
 */
export interface Call<P = unknown> {
  readonly request: WireRequest;
  readonly requestId: string;
  /** Guessed from the request's head until the service is known. */
  readonly protocol: ProtocolName;
  /** The id of the service's model: `sqs`. */
  readonly service: string | undefined;
  /** The operation, or action, once it is known to be one of the service's. */
  readonly operation: string | undefined;
  /** The bucket that an S3 request names. */
  readonly bucket: string | undefined;
  /** Whether it claims to be signed. `principal` is set only if the signature is valid. */
  readonly isSigned: boolean;
  /** The caller, set after the signature was verified. */
  readonly principal: P | undefined;
  readonly accessKeyId: string | undefined;
  /** The region of the verified signature. */
  readonly region: string | undefined;
}

/** How a request ended. Streamed bodies are sent after this. */
export interface Outcome {
  readonly status: number;
  /** Undefined if the operation succeeded. */
  readonly failure: CallFailure | undefined;
}

export interface CallFailure {
  /** The code that the caller sees. */
  readonly code: string;
  readonly message: string;
  /** Why the library refused the request; `internal` for a fault of the server. Undefined if a hook or the handler threw an AwsError. */
  readonly reason: RefusalReason | undefined;
  /** The thrown error. */
  readonly error: unknown;
}

/** Hooks of a request, in the order of their calls. An error thrown by `admit`, `onVerified` or `authorize` is the answer. */
export interface Hooks<P = unknown> {
  /** Called before keys are looked up and the body is read; the service may be known. Use it for limits on unknown callers. */
  readonly admit?: (call: Call<P>) => void;
  /** Called after the signature was verified and before the input is read, which waits for it. Use it for limits on the caller. */
  readonly onVerified?: (call: Call<P>) => void | Promise<void>;
  /**
   * Authorises the caller. Called before the handler of every request, including anonymous ones that `allowAnonymous` admits. `input` is the
   * handler's input: valid, with its streamed body unread. To refuse, throw an AwsError or `new Refusal('accessDenied', …)`, for which
   * each protocol has a code.
   */
  readonly authorize?: (call: Call<P>, input: Readonly<Record<string, unknown>>) => void | Promise<void>;
  /** Called once per request when its answer is decided, also for refused and malformed requests. Use it for an access log. */
  readonly onAnswer?: (call: Call<P>, outcome: Outcome) => void;
  /** Called for every error that is not the caller's fault, also while a body is sent. Default: does nothing. */
  readonly onError?: (error: unknown, call: Call<P>) => void;
}
