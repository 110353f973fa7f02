import type { DataSide } from '../../kernel/data-side.ts';
import type { Caller } from '../../kernel/caller.ts';
import { CloudError } from '../../kernel/errors.ts';
import type { DataCall, Handlers } from '../../kernel/service.ts';
import { batchIdsNotDistinct, batchTooLarge, messageNotFound, messageNotInFlight } from './errors.ts';
import { messageIdOf, presentMessage, sequenceText } from './message.ts';
import type { messageOperations } from './message-operations.ts';
import { createMessagePlane, type MessagePlane } from './message-plane.ts';
import { newMessage } from './new-message.ts';
import type { NewMessage, StoredMessage } from './plane.ts';
import { LIMITS, type QueueRow } from './queue.ts';
import type { StoredMessages } from './stored.ts';
import { md5Hex } from '../../kernel/ids.ts';

/** `side` is there in the API's process alone: in another one no call arrives. */
export function createMessageHandlers(
  side: DataSide | undefined,
  room: StoredMessages | undefined,
): Handlers<typeof messageOperations, { queue: QueueRow }> {
  const messages = side ? createMessagePlane(side) : undefined;
  const plane = (): MessagePlane => {
    if (!messages) throw new Error('messages are served in the process of the API');
    return messages;
  };
  const count = side?.metrics.counters('thecloud_queue_messages_total', 'Messages by operation', 'operation');

  return {
    async send({ target, input, userId, now }) {
      const { id: _queue, ...rest } = input;
      const message = newMessage(target, rest, userId, now);
      const [stored] = await store(target, [message]);
      count?.('send');
      return presentSent(target, message, stored!);
    },

    async sendBatch({ target, input, userId, now }) {
      refuseRepeatedIds(input.entries);
      const { good, failed } = sort(input.entries, ({ id: _entry, ...rest }) => newMessage(target, rest, userId, now));
      const size = good.reduce((bytes, { value }) => bytes + value.size, 0);
      if (size > LIMITS.messageSize.max) throw batchTooLarge(size, LIMITS.messageSize.max);
      const all = good.map(({ value }) => value);
      const stored = all.length > 0 ? await store(target, all) : [];
      count?.('send', stored.length);
      return {
        successful: good.map(({ id, value }, index) => {
          const sent = presentSent(target, value, stored[index]!);
          return { ...sent, id, message_id: sent.id };
        }),
        failed,
      };
    },

    async receive({ target, input, signal, caller, tenantId, now }) {
      const rows = await plane().receive(target, {
        max: input.max_messages ?? 1,
        waitSeconds: Math.min(input.wait_seconds ?? target.receive_wait_seconds, secondsLeft(caller, now)),
        visibilitySeconds: input.visibility_timeout ?? target.visibility_timeout,
        attemptId: input.attempt_id,
        signal,
        subjects: caller.kind === 'user' ? [`key ${caller.keyId}`, `user ${caller.userId}`, `tenant ${tenantId}`] : [],
      });
      if (rows.length > 0) count?.('receive', rows.length);
      return rows.map((row) => presentMessage(row, true));
    },

    async peek({ target, input }) {
      const rows = await plane().peek(target, input.limit ?? 10);
      return rows.map((row) => presentMessage(row, false));
    },

    async deleteMessage({ target, input }) {
      await remove(target, input.receipt_handle);
      return {};
    },

    deleteMessages: ({ target, input }) => each(input.entries, (entry) => remove(target, entry.receipt_handle)),

    async changeVisibility({ target, input }) {
      const until = await extend(target, input);
      return { visible_at: until.toISOString() };
    },

    changeVisibilities: ({ target, input }) => each(input.entries, (entry) => extend(target, entry)),

    async stats({ target }: DataCall<unknown, QueueRow>) {
      const { oldest, counted_at: at, ...counts } = await plane().count(target);
      return {
        ...counts,
        ...(oldest ? { oldest_age_seconds: Math.max(0, Math.floor((at.getTime() - oldest.getTime()) / 1000)) } : {}),
        counted_at: at.toISOString(),
      };
    },
  };

  function store(queue: QueueRow, all: readonly NewMessage[]): Promise<readonly StoredMessage[]> {
    const bytes = all.reduce((sum, { size }) => sum + size, 0);
    room?.take(queue.tenant_id, bytes, all.length);
    return plane().send(queue, all);
  }

  async function remove(queue: QueueRow, handle: string): Promise<void> {
    const messageId = messageIdOf(handle, queue.id);
    if (!(await plane().delete({ queue, messageId, handle }))) throw messageNotFound(handle);
    count?.('delete');
  }

  async function extend(
    queue: QueueRow,
    change: { readonly receipt_handle: string; readonly visibility_timeout: number },
  ): Promise<Date> {
    const { receipt_handle: handle, visibility_timeout: seconds } = change;
    const messageId = messageIdOf(handle, queue.id);
    const until = await plane().extend({ queue, messageId, handle, seconds });
    if (!until) throw messageNotInFlight();
    return until;
  }
}

function presentSent(queue: QueueRow, message: NewMessage, { id, sequence, createdAt }: StoredMessage) {
  return {
    id,
    queue_id: queue.id,
    md5: md5Hex(message.body),
    ...(sequence === undefined ? {} : { sequence_number: sequenceText(sequence) }),
    created_at: createdAt.toISOString(),
  };
}

/** How long the caller's key is good for. */
const secondsLeft = (caller: Caller, now: Date): number =>
  caller.kind === 'user' && caller.keyEndsAt
    ? Math.max(0, (caller.keyEndsAt.getTime() - now.getTime()) / 1000)
    : Infinity;

interface Failure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** What an entry of a batch is answered with. Throws what is nobody's fault but ours, for the whole batch. */
function failureOf(id: string, error: unknown): Failure {
  if (!(error instanceof CloudError) || error.status >= 500) throw error;
  return { id, code: error.code, message: error.message };
}

function refuseRepeatedIds(entries: readonly { readonly id: string }[]): void {
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (seen.has(id)) throw batchIdsNotDistinct(id);
    seen.add(id);
  }
}

/** Entries that are good, with what was made of them, and the others with the reason. */
function sort<Entry extends { readonly id: string }, Value>(entries: readonly Entry[], make: (entry: Entry) => Value) {
  const good: { readonly id: string; readonly value: Value }[] = [];
  const failed: Failure[] = [];
  for (const entry of entries) {
    try {
      good.push({ id: entry.id, value: make(entry) });
    } catch (error) {
      failed.push(failureOf(entry.id, error));
    }
  }
  return { good, failed };
}

/** Does each entry for itself, all at once: their statements are gathered. */
async function each<Entry extends { readonly id: string }>(
  entries: readonly Entry[],
  act: (entry: Entry) => Promise<unknown>,
) {
  refuseRepeatedIds(entries);
  const outcomes = await Promise.allSettled(entries.map(act));
  const successful: { readonly id: string }[] = [];
  const failed: Failure[] = [];
  outcomes.forEach((outcome, index) => {
    const { id } = entries[index]!;
    if (outcome.status === 'fulfilled') successful.push({ id });
    else failed.push(failureOf(id, outcome.reason));
  });
  return { successful, failed };
}
