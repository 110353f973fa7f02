import { newId } from '../../../kernel/ids.ts';
import type { Sql } from '../../../kernel/sql/tx.ts';
import type { Seeded, Tenant } from '../../../testing/seed.ts';
import { createPgFifoMessages, type FifoMessages } from '../fifo-messages.pg.ts';
import { type MessageRow, newNonce } from '../message.ts';
import type { NewMessage, TakeRequest, Want } from '../plane.ts';
import { QUEUES, type QueueRow } from '../queue.ts';

/** Columns of `queues` beside name and owner. */
export type QueueSettings = Readonly<Record<string, unknown>>;

/** A FIFO queue's row, made by the tables' owner. */
export async function makeFifoQueue(seeded: Seeded, tenant: Tenant, settings: QueueSettings = {}): Promise<QueueRow> {
  const id = newId();
  const columns = Object.keys(settings);
  const { rows } = await seeded.owner.query<QueueRow>(
    `insert into queues (id, user_id, tenant_id, name, arn, fifo${columns.map((column) => `, ${column}`).join('')})
     values ($1::uuid, $2, $3, $1::uuid || '.fifo', 'arn', true${columns.map((_, place) => `, $${place + 4}`).join('')}) returning ${QUEUES.columns}`,
    [id, tenant.userId, tenant.tenantId, ...Object.values(settings)],
  );
  return rows[0]!;
}

export const newMessage = (groupId: string, body: string, more: Partial<NewMessage> = {}): NewMessage => ({
  id: newId(),
  body,
  attributes: null,
  traceHeader: null,
  size: body.length,
  sender: '00000000-0000-7000-8000-00000000005e',
  delaySeconds: 0,
  groupId,
  deduplicationId: newId(),
  ...more,
});

/** A request of calls that want up to ten messages for 30 seconds, unless they say otherwise. */
export const newRequest = (
  queue: QueueRow,
  wants: readonly Partial<Want>[] = [{}],
  more: Partial<TakeRequest> = {},
): TakeRequest => ({
  queue,
  wants: wants.map((want) => ({ max: 10, visibilitySeconds: 30, attemptId: undefined, ...want })),
  nonce: newNonce(queue.id),
  floor: undefined,
  wantsNext: true,
  ...more,
});

/** As if so much time had passed for all that the queue holds. */
export async function passTime(
  seeded: Pick<Seeded, 'owner'>,
  queue: Pick<QueueRow, 'id'>,
  interval: string,
): Promise<void> {
  for (const text of [
    'update queue_messages set visible_after = visible_after - $2::interval, created_at = created_at - $2::interval where queue_id = $1',
    'update queue_groups set available_at = available_at - $2::interval where queue_id = $1',
    'update queue_deduplications set sent_at = sent_at - $2::interval where queue_id = $1',
    'update queue_attempts set received_at = received_at - $2::interval where queue_id = $1',
  ])
    await seeded.owner.query(text, [queue.id, interval]);
}

/** Short words for what a test does at a queue. */
export function fifoActor(sql: Sql): {
  readonly messages: FifoMessages;
  /** Texts are `group:rest`. */
  send(queue: QueueRow, ...texts: readonly string[]): Promise<void>;
  take(queue: QueueRow, want?: Partial<Want>): Promise<readonly MessageRow[]>;
  bodies(queue: QueueRow, want?: Partial<Want>): Promise<readonly string[]>;
  delete(queue: QueueRow, ...rows: readonly MessageRow[]): Promise<readonly boolean[]>;
  extend(queue: QueueRow, seconds: number, ...rows: readonly MessageRow[]): Promise<readonly boolean[]>;
} {
  const messages = createPgFifoMessages(sql);
  const held = (queue: QueueRow, row: MessageRow) => ({ queue, messageId: row.id, handle: row.receipt_handle! });
  const take = async (queue: QueueRow, want: Partial<Want> = {}) => {
    const taken = await messages.take(newRequest(queue, [want]));
    return taken.messages[0]!;
  };
  return {
    messages,
    take,
    async send(queue, ...texts) {
      await messages.send(
        queue,
        texts.map((text) => newMessage(text.split(':')[0]!, text)),
      );
    },
    bodies: async (queue, want) => (await take(queue, want)).map((row) => row.body),
    delete: async (queue, ...rows) => (await messages.delete(rows.map((row) => held(queue, row)))).deleted,
    extend: async (queue, seconds, ...rows) =>
      (await messages.extend(rows.map((row) => ({ ...held(queue, row), seconds })))).until.map(
        (time) => time !== undefined,
      ),
  };
}
