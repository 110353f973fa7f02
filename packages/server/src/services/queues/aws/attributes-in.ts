import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { isFifoName } from '../queue-rules.ts';
import { badAttribute, SqsError } from './errors.ts';
import { queueNameInArn } from './names.ts';

/** Members of `queues.create` and `queues.update`. */
export type Settings = Record<string, unknown>;
type Reader = (value: string, name: string, context: AwsContext) => Settings;

const whole =
  (member: string): Reader =>
  (value, name) => {
    // The range is the operation's to check.
    if (!/^-?\d{1,12}$/.test(value)) throw badAttribute(name, value, 'it must be a whole number');
    return { [member]: Number(value) };
  };

const truth = (value: string, name: string): boolean => {
  if (value !== 'true' && value !== 'false') throw badAttribute(name, value, 'it must be true or false');
  return value === 'true';
};

function oneOf(words: Readonly<Record<string, string>>, value: unknown, name: string): string {
  if (typeof value === 'string' && Object.hasOwn(words, value)) return words[value]!;
  throw badAttribute(name, String(value), `it must be one of ${Object.keys(words).join(', ')}`);
}

const word =
  (member: string, words: Readonly<Record<string, string>>): Reader =>
  (value, name) => ({ [member]: oneOf(words, value, name) });

/** The members of a policy that is JSON; undefined for an empty text, which removes it. */
function policyIn(value: string, name: string, members: readonly string[]): Record<string, unknown> | undefined {
  if (value === '') return undefined;
  let policy: unknown;
  try {
    policy = JSON.parse(value);
  } catch {
    // Not JSON.
  }
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy))
    throw badAttribute(name, value, 'it must be a JSON object');
  for (const member of Object.keys(policy))
    if (!members.includes(member)) throw badAttribute(name, value, `'${member}' is not one of ${members.join(', ')}`);
  return policy as Record<string, unknown>;
}

function queueIn(arn: unknown, value: string, name: string, context: AwsContext): string {
  const queue = typeof arn === 'string' ? queueNameInArn(arn, context) : undefined;
  if (queue === undefined)
    throw badAttribute(
      name,
      value,
      `its queues must be of this account and region: arn:aws:sqs:${context.region}:${context.accountNumber}:<name>`,
    );
  return queue;
}

const redrivePolicy: Reader = (value, name, context) => {
  const policy = policyIn(value, name, ['deadLetterTargetArn', 'maxReceiveCount']);
  if (!policy) return { dead_letter_queue_id: null, max_receive_count: null };
  const { deadLetterTargetArn: arn, maxReceiveCount: count } = policy;
  // Clients write the number as a text too.
  if (!/^\d{1,6}$/.test(String(count))) throw badAttribute(name, value, 'maxReceiveCount must be a whole number');
  return { dead_letter_queue_id: queueIn(arn, value, name, context), max_receive_count: Number(count) };
};

const PERMISSIONS = { allowAll: 'allow_all', denyAll: 'deny_all', byQueue: 'by_queue' };
const redriveAllowPolicy: Reader = (value, name, context) => {
  const policy = policyIn(value, name, ['redrivePermission', 'sourceQueueArns']);
  if (!policy) return { redrive_allow: null };
  const permission = oneOf(PERMISSIONS, policy['redrivePermission'], name);
  const arns = policy['sourceQueueArns'];
  if (arns === undefined) return { redrive_allow: { permission } };
  if (!Array.isArray(arns)) throw badAttribute(name, value, 'sourceQueueArns must be a list');
  const sources = arns.map((arn) => queueIn(arn, value, name, context));
  return { redrive_allow: { permission, source_queue_ids: sources } };
};

/** Encryption by a key of the tenant's is not there: to pass it over would be a lie. */
const noKms: Reader = (value, name) => {
  if (value === '') return {};
  throw new SqsError(
    'UnsupportedOperation',
    `${name} is not supported: queues are not encrypted with KMS keys. Leave it out.`,
  );
};
const noSse: Reader = (value, name) => {
  if (!truth(value, name)) return {};
  throw new SqsError(
    'UnsupportedOperation',
    `${name} cannot be true: messages lie in the platform's database, and are encrypted where its disk is. Leave it out.`,
  );
};

/** How attributes of a queue are read, by SQS's names. FifoQueue stands in the name. */
const READERS: Readonly<Record<string, Reader>> = {
  VisibilityTimeout: whole('visibility_timeout'),
  MessageRetentionPeriod: whole('retention_seconds'),
  MaximumMessageSize: whole('max_message_size'),
  DelaySeconds: whole('delay_seconds'),
  ReceiveMessageWaitTimeSeconds: whole('receive_wait_seconds'),
  ContentBasedDeduplication: (value, name) => ({ content_based_deduplication: truth(value, name) }),
  DeduplicationScope: word('deduplication_scope', { queue: 'queue', messageGroup: 'message_group' }),
  FifoThroughputLimit: word('fifo_throughput', { perQueue: 'per_queue', perMessageGroupId: 'per_message_group' }),
  Policy: (value) => ({ access_policy: value }),
  RedrivePolicy: redrivePolicy,
  RedriveAllowPolicy: redriveAllowPolicy,
  KmsMasterKeyId: noKms,
  KmsDataKeyReusePeriodSeconds: noKms,
  SqsManagedSseEnabled: noSse,
};

/** What one attribute sets. */
export function readAttribute(name: string, value: string, context: AwsContext): Settings {
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (!read) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name.slice(0, 100)}: it cannot be set.`);
  return read(value, name, context);
}

/** What the attributes of a queue with this name set. */
export function readAttributes(
  queue: string,
  attributes: Readonly<Record<string, string>>,
  context: AwsContext,
): Settings {
  const settings: Settings = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'FifoQueue') refuseOtherKind(queue, truth(value, name));
    else Object.assign(settings, readAttribute(name, value, context));
  }
  return settings;
}

/** Refuses a kind of queue that the name contradicts. */
function refuseOtherKind(queue: string, isFifo: boolean): void {
  if (isFifo !== isFifoName(queue))
    throw new SqsError(
      'InvalidParameterValue',
      `The name of a FIFO queue ends in .fifo, and no other's does: '${queue.slice(0, 100)}' with FifoQueue ${isFifo ? 'true' : 'false or not given'}.`,
    );
}
