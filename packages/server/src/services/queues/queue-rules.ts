import { invalidInput } from '../../kernel/errors.ts';
import type { InputOf } from '../../kernel/operation.ts';
import type { queueOperations } from './operations.ts';
import type { QueueRow } from './queue.ts';

// What a queue may be set to, beyond what a schema can express. Pure.

/** What is set when a queue is created and later. */
export type Attributes = Pick<
  QueueRow,
  | 'visibility_timeout'
  | 'retention_seconds'
  | 'max_message_size'
  | 'delay_seconds'
  | 'receive_wait_seconds'
  | 'content_based_deduplication'
  | 'deduplication_scope'
  | 'fifo_throughput'
  | 'access_policy'
>;
type Given = Omit<InputOf<typeof queueOperations.update>, 'id'>;

export const DEFAULTS: Attributes = {
  visibility_timeout: 30,
  retention_seconds: 345_600,
  max_message_size: 262_144,
  delay_seconds: 0,
  receive_wait_seconds: 0,
  content_based_deduplication: false,
  deduplication_scope: 'queue',
  fifo_throughput: 'per_queue',
  access_policy: null,
};

const DAY = 86_400;

export const isFifoName = (name: string): boolean => name.endsWith('.fifo');

/** The attributes with what is given put in their place. Throws INVALID_INPUT for what does not fit together. */
export function settle(given: Given, before: Attributes, fifo: boolean): Attributes {
  if (!fifo)
    for (const member of ['content_based_deduplication', 'deduplication_scope', 'fifo_throughput'] as const)
      if (given[member] !== undefined)
        throw invalidInput(`${member} is of FIFO queues only, whose names end in .fifo; leave it out`);
  const after: Attributes = {
    visibility_timeout: given.visibility_timeout ?? before.visibility_timeout,
    retention_seconds: retentionOf(given) ?? before.retention_seconds,
    max_message_size: given.max_message_size ?? before.max_message_size,
    delay_seconds: given.delay_seconds ?? before.delay_seconds,
    receive_wait_seconds: given.receive_wait_seconds ?? before.receive_wait_seconds,
    content_based_deduplication: given.content_based_deduplication ?? before.content_based_deduplication,
    deduplication_scope: given.deduplication_scope ?? before.deduplication_scope,
    fifo_throughput: given.fifo_throughput ?? before.fifo_throughput,
    access_policy: given.access_policy === undefined ? before.access_policy : given.access_policy || null,
  };
  if (after.fifo_throughput === 'per_message_group' && after.deduplication_scope !== 'message_group')
    throw invalidInput(
      `fifo_throughput 'per_message_group' needs deduplication_scope 'message_group', and it is '${after.deduplication_scope}'; set both`,
    );
  return after;
}

/** Undefined: neither is given. */
function retentionOf({ retention_seconds: seconds, retention_days: days }: Given): number | undefined {
  if (seconds !== undefined && days !== undefined && Math.ceil(seconds / DAY) !== days)
    throw invalidInput(
      `retention_days ${days} is not retention_seconds ${seconds} in days, rounded up, which is ${Math.ceil(seconds / DAY)}; give one of them`,
    );
  return seconds ?? (days === undefined ? undefined : days * DAY);
}

/** What the redrive members of an input come to. Undefined: nothing changes. Null: there is no dead-letter queue. */
export function redriveOf(
  given: Pick<Given, 'dead_letter_queue_id' | 'max_receive_count'>,
  before: Pick<QueueRow, 'dead_letter_queue_id' | 'max_receive_count'>,
): { readonly ref: string; readonly count: number } | null | undefined {
  const { dead_letter_queue_id: ref, max_receive_count: count } = given;
  if (ref === undefined && count === undefined) return undefined;
  if (ref === null || count === null) {
    if (ref || count)
      throw invalidInput('dead_letter_queue_id and max_receive_count go together; set both, or clear both with null');
    return null;
  }
  const queue = ref ?? before.dead_letter_queue_id;
  if (queue === null)
    throw invalidInput(`max_receive_count ${count} needs a dead-letter queue; set dead_letter_queue_id as well`);
  const most = count ?? before.max_receive_count;
  if (most === null)
    throw invalidInput(`dead_letter_queue_id '${ref}' needs max_receive_count, from 1 to 1000; set it as well`);
  return { ref: queue, count: most };
}

/** Throws INVALID_INPUT if the queue with this id may not send its messages to a dead-letter queue. */
export function requireDeadLetterQueue(
  queue: Pick<QueueRow, 'id' | 'name' | 'fifo'>,
  deadLetters: Pick<QueueRow, 'id' | 'name' | 'fifo' | 'redrive_allow'>,
): void {
  if (deadLetters.id === queue.id)
    throw invalidInput(`queue '${queue.name}' cannot be its own dead-letter queue; name another one`);
  if (deadLetters.fifo !== queue.fifo)
    throw invalidInput(
      `the dead-letter queue of a ${typeOf(queue)} queue is a ${typeOf(queue)} queue, and '${deadLetters.name}' is a ${typeOf(deadLetters)} queue; name another one`,
    );
  const allow = deadLetters.redrive_allow;
  if (allow === null || allow.permission === 'allow_all') return;
  if (allow.permission === 'by_queue' && allow.source_queue_ids?.includes(queue.id)) return;
  throw invalidInput(
    `redrive_allow of queue '${deadLetters.name}' does not let '${queue.name}' use it as its dead-letter queue; change redrive_allow there, or name another one`,
  );
}

export const typeOf = ({ fifo }: Pick<QueueRow, 'fifo'>): string => (fifo ? 'FIFO' : 'standard');

/** The references of redrive_allow. Throws INVALID_INPUT unless they come with by_queue and only with it. */
export function allowedRefs(allow: NonNullable<Given['redrive_allow']>): readonly string[] {
  const refs = allow.source_queue_ids ?? [];
  if (allow.permission === 'by_queue' && refs.length === 0)
    throw invalidInput(
      "redrive_allow with permission 'by_queue' needs source_queue_ids: the ids or names of 1 to 10 queues",
    );
  if (allow.permission !== 'by_queue' && refs.length > 0)
    throw invalidInput(
      `redrive_allow with permission '${allow.permission}' takes no source_queue_ids; leave them out, or set 'by_queue'`,
    );
  return refs;
}

const refusePolicy = (reason: string) => invalidInput(`access_policy ${reason}; roles decide who may use a queue here`);

/**
 * Throws INVALID_INPUT unless a policy document allows only users of this account. It is kept for AWS clients and gives nothing: what it would
 * give to others, or take away, would not happen.
 */
export function requireOwnAccount(text: string, account: string): void {
  const policy = parsed(text);
  if (!isRecord(policy) || !('Statement' in policy))
    throw refusePolicy('is not a policy document: it has no member Statement');
  for (const statement of listOf(policy['Statement'])) {
    if (!isRecord(statement)) throw refusePolicy('has a statement that is not an object');
    if (statement['Effect'] !== 'Allow')
      throw refusePolicy(
        `has a statement with the effect '${String(statement['Effect'])}', and only Allow is supported`,
      );
    const principal = statement['Principal'];
    if (!isRecord(principal) || Object.keys(principal).some((type) => type !== 'AWS'))
      throw refusePolicy(
        `must name users of account ${account} in each statement, as {"Principal": {"AWS": "${account}"}}, and has ${JSON.stringify(principal)?.slice(0, 200) ?? 'no Principal'}`,
      );
    const named = listOf(principal['AWS']);
    for (const one of named)
      if (typeof one !== 'string' || accountOf(one) !== account)
        throw refusePolicy(`names ${JSON.stringify(one)?.slice(0, 200)}, which is not of account ${account}`);
    if (named.length === 0) throw refusePolicy('has a statement whose Principal names nobody');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusePolicy(`is not JSON (${(error as Error).message})`);
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** Of `123456789012` or `arn:aws:iam::123456789012:root`. */
const accountOf = (principal: string): string | undefined =>
  /^(?:arn:aws:(?:iam|sts)::)?(\d{12})(?::.+)?$/.exec(principal)?.[1];
