import { CloudError } from '../../kernel/errors.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { type Addressed, createPgMessageRepository } from './message-repository.pg.ts';
import type { Attributes } from './message.ts';
import { newMessage } from './new-message.ts';
import { type QueueRow, QUEUES } from './queue.ts';
import type { StoredMessages } from './stored.ts';

/** A message that another service puts into a queue of its tenant. */
export interface Delivery {
  readonly tenantId: string;
  readonly queueId: string;
  readonly body: string;
  readonly attributes?: Attributes | undefined;
  /** Id of the user for whom it is sent. */
  readonly sender: string;
}

export type Delivered = { readonly messageId: string } | { readonly error: string };

/** Receivers wait for announcements of other senders than themselves. */
const SENDER = 'delivery';

/**
 * Stores messages in standard queues within the caller's transaction: they are there if it commits. At most 200, so that one announcement names all
 * queues. Answers in the order of what it was given; a queue that refuses a message keeps it from none of the others. With a
 * `room` they are all of one tenant, and it throws QUOTA_EXCEEDED if there is none for all.
 */
export async function deliver(
  sql: Sql,
  deliveries: readonly Delivery[],
  now: Date,
  room?: StoredMessages,
): Promise<readonly Delivered[]> {
  const queues = new Map(
    (
      await sql.query<QueueRow>(
        'queues.load_targets',
        `select ${QUEUES.columns} from queues where id = any ($1::uuid[]) and deleted_at is null`,
        [[...new Set(deliveries.map(({ queueId }) => queueId))]],
      )
    ).map((row) => [row.id, row]),
  );
  const addressed: Addressed[] = [];
  const answers = deliveries.map(({ tenantId, queueId, body, attributes, sender }): Delivered => {
    const queue = queues.get(queueId);
    if (queue?.tenant_id !== tenantId) return { error: 'the queue was deleted' };
    try {
      const message = newMessage(queue, { body, ...(attributes ? { attributes } : {}) }, sender, now);
      addressed.push({ queue, message });
      return { messageId: message.id };
    } catch (error) {
      if (error instanceof CloudError) return { error: error.message };
      throw error;
    }
  });
  if (addressed.length > 0) {
    const size = addressed.reduce((bytes, { message }) => bytes + message.size, 0);
    room?.take(addressed[0]!.queue.tenant_id, size, addressed.length);
    const messages = createPgMessageRepository(sql);
    await messages.insert(addressed);
    await messages.announce(SENDER, [...new Set(addressed.map(({ queue }) => queue.id))]);
  }
  return answers;
}
