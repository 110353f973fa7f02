import type * as Scheduler from '@aws-sdk/client-scheduler';
import { type CommonErrorCode, type ErrorCode, errorsOf } from '@thecloud/aws-protocol';
import type { AwsAction } from '../../../kernel/aws-actions.ts';
import { CloudError, type KernelErrorCode } from '../../../kernel/errors.ts';

export const SchedulerError = errorsOf<typeof Scheduler>();
type Code = ErrorCode<typeof Scheduler> | CommonErrorCode;

/** Scheduler's codes for ours, where the door's usual ones do not fit. */
export const SCHEDULER_CODES = {
  NOT_FOUND: 'ResourceNotFoundException',
  INVALID_INPUT: 'ValidationException',
  CONFLICT: 'ConflictException',
  IDEMPOTENCY_MISMATCH: 'ConflictException',
  QUOTA_EXCEEDED: 'ServiceQuotaExceededException',
} as const satisfies Partial<Readonly<Record<KernelErrorCode, Code>>>;

/** Members of ours that errors name, in Scheduler's words. Those that are words of English too stand at the beginning of a sentence only. */
const MEMBERS: Readonly<Record<string, string>> = {
  cursor: 'NextToken',
  ends_at: 'EndDate',
  id: 'Name',
  'Idempotency-Key': 'ClientToken',
  limit: 'MaxResults',
  name: 'Name',
  schedule: 'ScheduleExpression',
  starts_at: 'StartDate',
  target_payload: 'Target.Input',
  target_queue_id: 'Target.Arn',
  target_url: 'Target.Arn',
  timezone: 'ScheduleExpressionTimezone',
  window_minutes: 'FlexibleTimeWindow.MaximumWindowInMinutes',
};
const NAMES = Object.keys(MEMBERS);
const MENTIONED = new RegExp(
  `^(?:${NAMES.join('|')})\\b(?= |\\.|:)|\\b(?:${NAMES.filter((name) => /[_-]/.test(name)).join('|')})\\b`,
  'g',
);

/** A sentence of ours with Scheduler's names of what it is about. */
const inSchedulerNames = (message: string): string =>
  message.replace(MENTIONED, (name) => MEMBERS[name]!).replaceAll(/\bcron job/g, 'schedule');

/** An action whose refusals name things as Scheduler does. */
export const inItsWords =
  (action: AwsAction): AwsAction =>
  async (input, context) => {
    try {
      return await action(input, context);
    } catch (error) {
      const code = error instanceof CloudError && SCHEDULER_CODES[error.code as keyof typeof SCHEDULER_CODES];
      if (!code) throw error;
      throw new SchedulerError(code, inSchedulerNames((error as CloudError).message), { cause: error });
    }
  };

export const hasCode = (error: unknown, code: KernelErrorCode): boolean =>
  error instanceof CloudError && error.code === code;

/** What a call asks for that is not there: to pass it over would be a lie. */
export const unsupported = (what: string): Error => new SchedulerError('ValidationException', what);
