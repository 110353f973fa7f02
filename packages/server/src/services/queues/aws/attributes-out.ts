import type { AwsContext } from '../../../kernel/aws-actions.ts';
import type { Queue } from '../queue.ts';
import { arnOfQueue } from './names.ts';

type Show = (queue: Queue, context: AwsContext) => string | undefined | Promise<string | undefined>;

const seconds = (time: string): string => String(Math.floor(Date.parse(time) / 1000));
const SCOPES: Readonly<Record<string, string>> = { queue: 'queue', message_group: 'messageGroup' };
const LIMITS: Readonly<Record<string, string>> = { per_queue: 'perQueue', per_message_group: 'perMessageGroupId' };
const PERMISSIONS = { allow_all: 'allowAll', deny_all: 'denyAll', by_queue: 'byQueue' } as const;

async function redrivePolicy({ dead_letter_queue_id: id, max_receive_count: count }: Queue, context: AwsContext) {
  const arn = id === undefined ? undefined : await arnOfQueue(context, id);
  return arn && JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: count });
}

async function redriveAllowPolicy({ redrive_allow: allow }: Queue, context: AwsContext) {
  if (!allow) return undefined;
  const arns = await Promise.all((allow.source_queue_ids ?? []).map((id) => arnOfQueue(context, id)));
  return JSON.stringify({
    redrivePermission: PERMISSIONS[allow.permission as keyof typeof PERMISSIONS],
    // Of those that there still are.
    ...(allow.permission === 'by_queue' ? { sourceQueueArns: arns.filter((arn) => arn !== undefined) } : {}),
  });
}

/** A queue's attributes by SQS's names, beside what is counted. A queue need not have each of them. */
const SHOWN: Readonly<Record<string, Show>> = {
  QueueArn: (queue) => queue.arn,
  CreatedTimestamp: (queue) => seconds(queue.created_at),
  LastModifiedTimestamp: (queue) => seconds(queue.updated_at),
  VisibilityTimeout: (queue) => String(queue.visibility_timeout),
  MaximumMessageSize: (queue) => String(queue.max_message_size),
  MessageRetentionPeriod: (queue) => String(queue.retention_seconds),
  DelaySeconds: (queue) => String(queue.delay_seconds),
  ReceiveMessageWaitTimeSeconds: (queue) => String(queue.receive_wait_seconds),
  Policy: (queue) => queue.access_policy,
  RedrivePolicy: redrivePolicy,
  RedriveAllowPolicy: redriveAllowPolicy,
  SqsManagedSseEnabled: () => 'false',
  // Of a FIFO queue alone.
  FifoQueue: (queue) => (queue.fifo ? 'true' : undefined),
  ContentBasedDeduplication: (queue) => queue.content_based_deduplication?.toString(),
  DeduplicationScope: (queue) => SCOPES[queue.deduplication_scope ?? ''],
  FifoThroughputLimit: (queue) => LIMITS[queue.fifo_throughput ?? ''],
};

/** The names of what can be asked of a queue without counting. */
export const SHOWN_NAMES: readonly string[] = Object.keys(SHOWN);

/** What a queue has of the attributes that are named. */
export async function showAttributes(
  queue: Queue,
  names: Iterable<string>,
  context: AwsContext,
): Promise<Record<string, string>> {
  const shown: Record<string, string> = {};
  for (const name of names) {
    const value = Object.hasOwn(SHOWN, name) ? await SHOWN[name]!(queue, context) : undefined;
    if (value !== undefined) shown[name] = value;
  }
  return shown;
}
