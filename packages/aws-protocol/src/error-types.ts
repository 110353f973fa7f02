import { AwsError } from './errors.ts';
import type { Answer } from './types.ts';

/** Codes that any service may answer with, in the spelling of one protocol or another ("Common errors" of the services' API references). */
export type CommonErrorCode =
  | 'AccessDenied'
  | 'AccessDeniedException'
  | 'InternalError'
  | 'InternalFailure'
  | 'InternalServerError'
  | 'InvalidParameterCombination'
  | 'InvalidParameterValue'
  | 'InvalidRequest'
  | 'LimitExceeded'
  | 'LimitExceededException'
  | 'MissingParameter'
  | 'NotImplemented'
  | 'OptInRequired'
  | 'RequestExpired'
  | 'RequestTimeout'
  | 'ResourceNotFoundException'
  | 'ServiceUnavailable'
  | 'ServiceUnavailableException'
  | 'Throttling'
  | 'ThrottlingException'
  | 'UnauthorizedOperation'
  | 'ValidationError'
  | 'ValidationException';

/** Modelled exceptions have a name of their own; the class they extend has any. */
type Modelled<E> = E extends { readonly name: infer N extends string; readonly $fault: 'client' | 'server' }
  ? string extends N
    ? never
    : N
  : never;
type ExceptionsOf<M> = {
  [K in keyof M]: M[K] extends abstract new (
    ...args: never[]
  ) => infer E
    ? Modelled<E> extends never
      ? never
      : E
    : never;
}[keyof M];

/** The codes that a service's model declares: `ErrorCode<typeof import('@aws-sdk/client-sqs')>`. */
export type ErrorCode<M> = Modelled<ExceptionsOf<M>>;

/** What every exception class of the SDK has, and no model. */
type Plumbing = keyof Error | 'cause' | 'Message' | '$fault' | '$metadata' | '$response' | '$retryable' | '$service';

/** The members that a model gives an error besides its message. */
export type ErrorMembers<M, C> =
  C extends ErrorCode<M>
    ? Partial<Answer<Omit<Extract<ExceptionsOf<M>, { readonly name: C }>, Plumbing>>>
    : Readonly<Record<string, unknown>>;

/** AwsError with the codes of one service, see `errorsOf`. */
export interface ErrorsOf<M, More extends string> {
  new <C extends ErrorCode<M> | CommonErrorCode | More>(
    code: C,
    message: string,
    options?: {
      readonly status?: number;
      readonly members?: ErrorMembers<M, C>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    },
  ): AwsError;
  readonly prototype: AwsError;
}

/**
 * AwsError for one service: a code that neither its model declares nor all services share does not compile, nor a member that the
 * model does not give that error. `More`: codes that the service has and its model does not declare, as EC2's and most of S3's.
 *
 *     const SqsError = errorsOf<typeof import('@aws-sdk/client-sqs')>();
 *     throw new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
 */
export function errorsOf<M, More extends string = never>(): ErrorsOf<M, More> {
  return AwsError as ErrorsOf<M, More>;
}
