import { AwsError, Refusal, type RefusalReason } from '@thecloud/aws-protocol';
import { CloudError, KERNEL_ERRORS, type KernelErrorCode } from '../../kernel/errors.ts';

/**
 * Why AWS would refuse the same: each of its protocols and services has a code and a status for it. A service gives other codes where its clients
 * look for them, and those for codes of its own.
 */
const REASONS: Readonly<Record<Exclude<KernelErrorCode, 'INTERNAL'>, RefusalReason>> = {
  INVALID_INPUT: 'validation',
  UNAUTHORIZED: 'unknownKey',
  FORBIDDEN: 'accessDenied',
  NOT_FOUND: 'notFound',
  METHOD_NOT_ALLOWED: 'unknownOperation',
  REQUEST_TIMEOUT: 'unavailable',
  CONFLICT: 'conflict',
  IDEMPOTENCY_MISMATCH: 'idempotencyMismatch',
  PAYLOAD_TOO_LARGE: 'tooLarge',
  UNSUPPORTED_MEDIA_TYPE: 'malformed',
  MISDIRECTED_REQUEST: 'malformed',
  QUOTA_EXCEEDED: 'limitExceeded',
  RATE_LIMITED: 'throttled',
  HEADERS_TOO_LARGE: 'malformed',
  UNAVAILABLE: 'unavailable',
  TIMEOUT: 'unavailable',
};

/** What an AWS client is told of an error. What is nobody's fault but ours stays as it is: the library answers it without its words. */
export function asAwsError(error: unknown, own: Readonly<Record<string, string>> = {}): unknown {
  if (!(error instanceof CloudError) || error.code === 'INTERNAL') return error;
  const { code, message, retryAfter, status } = error;
  const options = {
    cause: error,
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  };
  const name = own[code];
  if (name !== undefined) return new AwsError(name, message, status < 500 ? options : { ...options, status });
  const reason = (REASONS as Readonly<Record<string, RefusalReason>>)[code];
  return reason === undefined ? error : new Refusal(reason, message, options);
}

/** Whether an error was made of one of ours by {@link asAwsError}: it is an answer, and no fault. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof AwsError || (error instanceof Refusal && error.cause instanceof CloudError);

/** The codes that a service's actions need words for and have none. */
export const codesWithoutWords = (codes: readonly string[], own: Readonly<Record<string, string>>): string[] =>
  codes.filter((code) => !(code in KERNEL_ERRORS) && own[code] === undefined);
