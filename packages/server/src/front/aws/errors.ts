import { AwsError } from '@thecloud/aws-protocol';
import { CloudError, KERNEL_ERRORS, type KernelErrorCode } from '../../kernel/errors.ts';

/** EC2 has codes of its own; the other services share theirs. */
type Family = 'ec2' | 'others';
type Code = readonly [code: string, status: number];

/** AWS's words for the kernel's codes. A service gives others where its clients look for them, and those for codes of its own. */
const CODES: Readonly<Record<Exclude<KernelErrorCode, 'INTERNAL'>, Readonly<Record<Family, Code>>>> = {
  INVALID_INPUT: { ec2: ['InvalidParameterValue', 400], others: ['ValidationError', 400] },
  UNAUTHORIZED: { ec2: ['AuthFailure', 401], others: ['InvalidClientTokenId', 403] },
  FORBIDDEN: { ec2: ['UnauthorizedOperation', 403], others: ['AccessDenied', 403] },
  NOT_FOUND: { ec2: ['InvalidParameterValue', 400], others: ['ResourceNotFound', 404] },
  METHOD_NOT_ALLOWED: { ec2: ['InvalidRequest', 400], others: ['InvalidRequest', 400] },
  REQUEST_TIMEOUT: { ec2: ['RequestTimeout', 400], others: ['RequestTimeout', 400] },
  CONFLICT: { ec2: ['IncorrectState', 400], others: ['Conflict', 409] },
  IDEMPOTENCY_MISMATCH: { ec2: ['IdempotentParameterMismatch', 400], others: ['IdempotentParameterMismatch', 400] },
  PAYLOAD_TOO_LARGE: { ec2: ['RequestEntityTooLarge', 413], others: ['RequestEntityTooLarge', 413] },
  UNSUPPORTED_MEDIA_TYPE: { ec2: ['InvalidRequest', 415], others: ['InvalidRequest', 415] },
  MISDIRECTED_REQUEST: { ec2: ['InvalidRequest', 421], others: ['InvalidRequest', 421] },
  QUOTA_EXCEEDED: { ec2: ['ResourceLimitExceeded', 400], others: ['LimitExceeded', 400] },
  RATE_LIMITED: { ec2: ['RequestLimitExceeded', 503], others: ['Throttling', 400] },
  HEADERS_TOO_LARGE: { ec2: ['InvalidRequest', 431], others: ['InvalidRequest', 431] },
  UNAVAILABLE: { ec2: ['Unavailable', 503], others: ['ServiceUnavailable', 503] },
  TIMEOUT: { ec2: ['Unavailable', 503], others: ['ServiceUnavailable', 503] },
};

/** What an AWS client is told of an error. What is nobody's fault but ours stays as it is: the library answers it without its words. */
export function asAwsError(
  error: unknown,
  service: string | undefined,
  own: Readonly<Record<string, string>> = {},
): unknown {
  if (!(error instanceof CloudError) || error.code === 'INTERNAL') return error;
  const usual = (CODES as Readonly<Record<string, Readonly<Record<Family, Code>>>>)[error.code];
  const [code, status] = usual?.[service === 'ec2' ? 'ec2' : 'others'] ?? ['', error.status < 500 ? 400 : error.status];
  const name = own[error.code] ?? code;
  if (name === '') return error;
  return new AwsError(name, error.message, {
    status,
    cause: error,
    ...(error.retryAfter === undefined ? {} : { headers: { 'retry-after': String(error.retryAfter) } }),
  });
}

/** The codes that a service's actions need words for and have none. */
export const codesWithoutWords = (codes: readonly string[], own: Readonly<Record<string, string>>): string[] =>
  codes.filter((code) => !(code in KERNEL_ERRORS) && own[code] === undefined);
