import type { DataSide } from '../../kernel/data-side.ts';
import { CloudError, invalidInput, notFound } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { DataCall } from '../../kernel/service.ts';
import type { InputOf, OutputOf } from '../../kernel/operation.ts';
import { checkContent, deliver, type Delivery, MOST_BYTES, type StoredMessages } from '../queues/index.ts';
import { readFilterPolicy } from './filter-policy.ts';
import type { topicOperations } from './operations.ts';
import type { SubscriptionRow } from './subscription.ts';
import { createPgTopicRepository } from './topic-repository.pg.ts';
import { LIMITS, type TopicRow } from './topic.ts';

export interface PublishDeps {
  /** In the API's process. */
  readonly data?: DataSide | undefined;
  /** What the tenant may store in queues. */
  readonly room?: StoredMessages | undefined;
}

type Input = InputOf<(typeof topicOperations)['publish']>;
type Output = OutputOf<(typeof topicOperations)['publish']>;

/**
 * Publishes: the message is in all queues that shall have it by one statement, so that it is in all or in none when the call fails. A queue that
 * does not take it keeps it from no other.
 */
export function createPublish({ data, room }: PublishDeps) {
  const count = data?.metrics.counters(
    'thecloud_topic_deliveries_total',
    'Deliveries of published messages by outcome',
    'outcome',
  );

  return async ({ target: topic, input, tenantId, userId, sql, now }: DataCall<Input, TopicRow>): Promise<Output> => {
    const { message, attributes } = input;
    const size = sizeOf(input);
    if (size > LIMITS.messageSize)
      throw invalidInput(`the message has ${size} bytes with its attributes; ${LIMITS.messageSize} are the most`);
    const subscriptions = await createPgTopicRepository(sql).allSubscriptions(tenantId, topic.id);
    // The topic that was found may be a second old.
    if (!subscriptions) throw notFound('topic', topic.name);
    const id = newId(now.getTime());
    const wanted = subscriptions.filter((one) => isWanted(one, input));
    if (size * wanted.length > MOST_BYTES)
      throw invalidInput(
        `the message has ${size} bytes and goes to ${wanted.length} queues; ${MOST_BYTES} bytes are the most for all together. Publish a smaller one, such as the place where the content lies`,
      );
    const envelope = envelopeOf(topic, id, input, now);
    const delivered = await deliver(
      sql,
      wanted.map(
        (one): Delivery => ({
          tenantId,
          queueId: one.target_queue_id!,
          sender: userId,
          ...(one.raw_delivery ? { body: message, attributes } : { body: envelope }),
        }),
      ),
      now,
      room,
    );
    const results = new Map(wanted.map((one, place) => [one.id, delivered[place]!]));
    const deliveries = subscriptions.map(({ id: subscription_id }): Output['deliveries'][number] => {
      const result = results.get(subscription_id);
      if (!result) return { subscription_id, outcome: 'filtered' };
      if ('error' in result) return { subscription_id, outcome: 'failed', error: result.error };
      return { subscription_id, outcome: 'delivered', message_id: result.messageId };
    });
    for (const { outcome } of deliveries) count?.(outcome);
    return { id, deliveries };
  };
}

/** Bytes of the message. Throws INVALID_INPUT where no queue takes it. */
function sizeOf({ message, attributes }: Input): number {
  try {
    return checkContent(message, attributes);
  } catch (error) {
    throw error instanceof CloudError ? invalidInput(error.message) : error;
  }
}

const isWanted = ({ filter_policy: policy, filter_scope: scope }: SubscriptionRow, { message, attributes }: Input) =>
  policy === null || readFilterPolicy(policy, scope).accepts({ body: message, attributes });

/** SNS's JSON, without a signature. */
function envelopeOf(topic: TopicRow, id: string, { message, subject, attributes }: Input, now: Date): string {
  const members = Object.entries(attributes ?? {}).map(([name, { type, value }]) => [
    name,
    { Type: type, Value: value },
  ]);
  return JSON.stringify({
    Type: 'Notification',
    MessageId: id,
    TopicArn: topic.arn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: message,
    Timestamp: now.toISOString(),
    ...(members.length > 0 ? { MessageAttributes: Object.fromEntries(members) } : {}),
  });
}
