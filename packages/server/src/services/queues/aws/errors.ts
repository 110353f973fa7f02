import type * as Sqs from '@aws-sdk/client-sqs';
import { type AwsError, type CommonErrorCode, type ErrorCode, errorsOf } from '@thecloud/aws-protocol';
import type { AwsAction } from '../../../kernel/aws-actions.ts';
import { CloudError, invalidInput, KERNEL_ERRORS, type KernelErrorCode } from '../../../kernel/errors.ts';
import type { OutputOf } from '../../../kernel/operation.ts';
import type { QUEUE_ERRORS } from '../errors.ts';
import type { messageOperations } from '../message-operations.ts';

export const SqsError = errorsOf<typeof Sqs>();
export type SqsCode = ErrorCode<typeof Sqs> | CommonErrorCode;

type OwnCode = keyof typeof QUEUE_ERRORS;

/** SQS's codes for ours, where the door's usual ones do not fit. An action has others where SQS means something else there: see {@link inCodes}. */
export const SQS_CODES = {
  CONFLICT: 'UnsupportedOperation',
  BATCH_IDS_NOT_DISTINCT: 'BatchEntryIdsNotDistinct',
  BATCH_TOO_LARGE: 'BatchRequestTooLong',
  RECEIPT_HANDLE_INVALID: 'ReceiptHandleIsInvalid',
  MESSAGE_NOT_FOUND: 'ReceiptHandleIsInvalid',
  MESSAGE_NOT_IN_FLIGHT: 'MessageNotInflight',
  MESSAGE_TOO_LARGE: 'InvalidParameterValue',
  MESSAGE_CONTENT_INVALID: 'InvalidMessageContents',
  TOO_MANY_IN_FLIGHT: 'OverLimit',
  PURGE_IN_PROGRESS: 'PurgeQueueInProgress',
} as const satisfies Readonly<Record<OwnCode, SqsCode> & Partial<Record<KernelErrorCode, SqsCode>>>;

/** Members of ours that errors name, in SQS's words. Those that are words of English too stand at the beginning of a sentence only. */
const MEMBERS: Readonly<Record<string, string>> = {
  access_policy: 'Policy',
  attempt_id: 'ReceiveRequestAttemptId',
  attributes: 'MessageAttributes',
  body: 'MessageBody',
  content_based_deduplication: 'ContentBasedDeduplication',
  cursor: 'NextToken',
  dead_letter_queue_id: 'deadLetterTargetArn',
  deduplication_id: 'MessageDeduplicationId',
  deduplication_scope: 'DeduplicationScope',
  delay_seconds: 'DelaySeconds',
  destination_id: 'DestinationArn',
  entries: 'Entries',
  fifo_throughput: 'FifoThroughputLimit',
  group_id: 'MessageGroupId',
  id: 'QueueUrl',
  keys: 'TagKeys',
  labels: 'Tags',
  limit: 'MaxResults',
  max_message_size: 'MaximumMessageSize',
  max_messages: 'MaxNumberOfMessages',
  max_per_second: 'MaxNumberOfMessagesPerSecond',
  max_receive_count: 'maxReceiveCount',
  name: 'QueueName',
  prefix: 'QueueNamePrefix',
  receipt_handle: 'ReceiptHandle',
  receive_wait_seconds: 'ReceiveMessageWaitTimeSeconds',
  redrive_allow: 'RedriveAllowPolicy',
  retention_seconds: 'MessageRetentionPeriod',
  trace_header: 'AWSTraceHeader',
  visibility_timeout: 'VisibilityTimeout',
  wait_seconds: 'WaitTimeSeconds',
};
const NAMES = Object.keys(MEMBERS);
const MENTIONED = new RegExp(
  `^(?:${NAMES.join('|')})\\b(?= |\\.)|\\b(?:${NAMES.filter((name) => name.includes('_')).join('|')})\\b`,
  'g',
);

/** A sentence of ours with SQS's names of what it is about. */
const inSqsNames = (message: string): string => message.replace(MENTIONED, (name) => MEMBERS[name]!);

type Codes = Partial<Readonly<Record<KernelErrorCode | OwnCode, SqsCode | undefined>>>;

/** A call's answer. Its refusals get the codes that SQS has for them at this place. */
export async function inCodes<Answer>(call: Promise<Answer>, codes: Codes): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw withCode(error, codes);
  }
}

/** An error with the code that the table has for it, or as it is. */
export function withCode(error: unknown, codes: Codes): unknown {
  const code = error instanceof CloudError ? codes[error.code as keyof Codes] : undefined;
  return code === undefined ? error : new SqsError(code, inSqsNames((error as CloudError).message), { cause: error });
}

/** An action whose refusals name things as SQS does. */
export const inSqsWords =
  (action: AwsAction): AwsAction =>
  async (input, context) => {
    try {
      return await action(input, context);
    } catch (error) {
      throw error instanceof CloudError && error.code === 'INVALID_INPUT'
        ? invalidInput(inSqsNames(error.message))
        : error;
    }
  };

type FailedEntry = OutputOf<typeof messageOperations.deleteMessages>['failed'][number];

/** The kernel's codes that an entry of a batch can have for itself. */
const OF_ENTRIES: Readonly<Record<string, SqsCode>> = {
  ...SQS_CODES,
  INVALID_INPUT: 'InvalidParameterValue',
  QUOTA_EXCEEDED: 'OverLimit',
  UNAVAILABLE: 'ServiceUnavailable',
};

/** An entry of a batch that was refused while others were not. */
export const failedEntry = ({ id, code, message }: FailedEntry) => ({
  Id: id,
  SenderFault: ((KERNEL_ERRORS as Readonly<Record<string, number>>)[code] ?? 400) < 500,
  Code: OF_ENTRIES[code] ?? 'InternalFailure',
  Message: inSqsNames(message),
});

/** Why a queue's attribute cannot have a value. */
export const badAttribute = (name: string, value: string, why: string): AwsError =>
  new SqsError('InvalidAttributeValue', `Invalid value '${value.slice(0, 200)}' for the attribute ${name}: ${why}`);
