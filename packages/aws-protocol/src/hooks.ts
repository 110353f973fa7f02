import type { RefusalReason } from './errors.ts';
import type { ProtocolName } from './model/compact.ts';
import type { WireRequest } from './request.ts';

/**
 * What is known of a request, as every hook is told it: one object a request, which fills on the way. So a hook may keep what it
 * wants in a `WeakMap` by it, or by its `request`.
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
  /** It claims to be signed. Whether its signature is good is what `principal` tells. */
  readonly isSigned: boolean;
  /** The caller, once the signature was found to be good. */
  readonly principal: P | undefined;
  readonly accessKeyId: string | undefined;
  /** The region of a good signature. */
  readonly region: string | undefined;
}

/** How a request ended, as far as the server decides it: bodies that are streams are sent after that. */
export interface Outcome {
  readonly status: number;
  /** Undefined: the operation succeeded. */
  readonly failure: CallFailure | undefined;
}

export interface CallFailure {
  /** The code as the caller is told it. */
  readonly code: string;
  readonly message: string;
  /** Why the library itself refused the request, `internal` for what was nobody's fault but the server's. Undefined: a hook or the handler threw an AwsError. */
  readonly reason: RefusalReason | undefined;
  /** What was thrown. */
  readonly error: unknown;
}

/** Steps of a request that a server takes part in, in this order. Whatever `admit`, `onVerified` and `authorize` throw is the answer. */
export interface Hooks<P = unknown> {
  /** The service may be known; nobody has been looked up and no body was read. The place for limits on strangers. */
  readonly admit?: (call: Call<P>) => void;
  /** The signature is good; the input is not read yet. The place for limits on the caller. */
  readonly onVerified?: (call: Call<P>) => void;
  /**
   * May this caller do this? Asked of every request that has a handler, anonymous ones that `allowAnonymous` lets in too, before the handler
   * runs. `input` is what the handler will get: valid, its streamed body unread. To refuse, throw `new Refusal('accessDenied', …)`,
   * which each protocol says in its own code, or an AwsError.
   */
  readonly authorize?: (call: Call<P>, input: Readonly<Record<string, unknown>>) => void | Promise<void>;
  /** Told once of every request, refused and unreadable ones too, when its answer is made. The place for an access log. */
  readonly onAnswer?: (call: Call<P>, outcome: Outcome) => void;
  /** Told of everything that was not the caller's fault, also while a body is being sent. Default: nothing is done. */
  readonly onError?: (error: unknown, call: Call<P>) => void;
}
