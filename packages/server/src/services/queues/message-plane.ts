import { createAdmission } from '../../kernel/admission.ts';
import type { DataSide } from '../../kernel/data-side.ts';
import { notFound } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { createCoalescer, isRowError } from '../../kernel/sql/coalescer.ts';
import { AUTHORITY_CHANNEL } from '../identity/index.ts';
import { createAnnouncer } from './announcer.ts';
import { createPgFifoMessages } from './fifo-messages.pg.ts';
import { createInFlight } from './in-flight.ts';
import type { MessageRow } from './message.ts';
import { type Addressed, createPgMessageRepository, QUEUE_CHANNEL } from './message-repository.pg.ts';
import type { Extension, Held, NewMessage, ReceiveOptions, StoredMessage } from './plane.ts';
import { createReceiver } from './receiver.ts';
import { createStatistics, type Statistics } from './statistics.ts';
import type { QueueRow } from './queue.ts';

/** Most calls that wait for a statement of one sort, half of them of one tenant. */
const MAX_QUEUE = 20_000;
/** Bytes of messages in one statement: PostgreSQL parses a parameter as a whole, and others wait behind it. */
const MAX_BYTES = 4 << 20;
/**
 * Statements of FIFO queues at once, and of one tenant: they wait for their queue's lock, and must not hold the connections that the others need.
 */
const FIFO_SLOTS = 4;
const FIFO_SLOTS_OF_TENANT = 2;
const FIFO_WAITING = 1_000;
const FIFO_WAIT_MS = 10_000;

/** Counts and looks at messages, which may be long: at once, and of one tenant. The other connections are for those who work with messages. */
const READS = { slots: 2, perTenant: 1, maxWaiting: 100, maxWaitMs: 10_000 };

/** What an API process does with messages. Calls of all tenants are gathered into few statements. */
export interface MessagePlane extends Statistics {
  /** Stores up to ten messages of one queue, all or none. Rejects with NOT_FOUND if the queue is gone. */
  send(queue: QueueRow, messages: readonly NewMessage[]): Promise<readonly StoredMessage[]>;
  receive(queue: QueueRow, options: ReceiveOptions): Promise<readonly MessageRow[]>;
  /** Whether the message was there and the handle its latest. */
  delete(held: Held): Promise<boolean>;
  /** Until when the message is hidden now; undefined if it is not in flight with this handle. */
  extend(extension: Extension): Promise<Date | undefined>;
  peek(queue: QueueRow, limit: number): Promise<readonly MessageRow[]>;
}

export function createMessagePlane(side: DataSide): MessagePlane {
  const messages = createPgMessageRepository(side.sql);
  const fifo = createPgFifoMessages(side.sql);
  const reads = createAdmission(READS, side.clock);
  const checks = createAdmission({ ...READS, slots: 1 }, side.clock);
  const inFlight = createInFlight(
    { countInFlight: (queue, max) => checks.run(queue.tenant_id, false, () => messages.countInFlight(queue, max)) },
    side.clock,
  );
  /** Tells this process's notifications from those of others. */
  const self = newId(side.clock.now());

  const inserts = createCoalescer<readonly Addressed[], Date | undefined>({
    maxBatch: 500,
    maxQueue: MAX_QUEUE,
    ownerOf: ([first]) => first!.queue.tenant_id,
    weight: { of: (all) => all.reduce((bytes, { message }) => bytes + message.size, 0), max: MAX_BYTES },
    // A queue that goes at this moment refuses its messages alone.
    splits: isRowError,
    async flush(calls) {
      const { at, queues } = await messages.insert(calls.flat());
      return calls.map(([first]) => (queues.has(first!.queue.id) ? at : undefined));
    },
  });
  const deletions = createCoalescer<Held, boolean>({
    maxBatch: 1_000,
    maxQueue: MAX_QUEUE,
    ownerOf: ({ queue }) => queue.tenant_id,
    flush: (held) => inOrder(held, (sorted) => messages.delete(sorted)),
  });
  const extensions = createCoalescer<Extension, Date | undefined>({
    maxBatch: 1_000,
    maxQueue: MAX_QUEUE,
    ownerOf: ({ queue }) => queue.tenant_id,
    flush: (held) => inOrder(held, (sorted) => messages.extend(sorted)),
  });
  const lanes = createAdmission(
    { slots: Infinity, perTenant: 1, maxWaiting: FIFO_WAITING, maxWaitMs: FIFO_WAIT_MS },
    side.clock,
  );
  const shares = createAdmission(
    { slots: FIFO_SLOTS, perTenant: FIFO_SLOTS_OF_TENANT, maxWaiting: FIFO_WAITING, maxWaitMs: FIFO_WAIT_MS },
    side.clock,
  );
  /** One statement of a FIFO queue after the other: they would wait for its lock, each with a connection. */
  const inLane = <T>(queue: QueueRow, work: () => Promise<T>): Promise<T> =>
    lanes.run(queue.id, false, () => shares.run(queue.tenant_id, false, work));
  const fifoSends = perQueue<readonly NewMessage[], readonly StoredMessage[]>(
    async (queue, calls) => {
      const stored = await inLane(queue, () => fifo.send(queue, calls.flat()));
      let from = 0;
      return calls.map((one) => stored.slice(from, (from += one.length)));
    },
    { of: (all) => all.reduce((bytes, { size }) => bytes + size, 0), max: MAX_BYTES },
  );
  const fifoDeletions = perQueue<Held, { readonly deleted: boolean; readonly opensAt: Date | undefined }>(
    async (queue, held) => {
      const { deleted, opensAt } = await inLane(queue, () => fifo.delete(held));
      return deleted.map((one) => ({ deleted: one, opensAt }));
    },
  );
  const fifoExtensions = perQueue<Extension, Date | undefined>(
    async (queue, held) => (await inLane(queue, () => fifo.extend(held))).until,
  );

  const tellOthers = createAnnouncer({
    announce: (ids) => messages.announce(self, ids),
    clock: side.clock,
    log: side.log,
  });

  /** Wakes those who wait at the queue, in this process now and in the others soon. `from`: since when there is something, if not now. */
  function announce(queueId: string, from?: Date): void {
    receiver.wake(queueId, from);
    tellOthers(queueId);
  }

  const receiver = createReceiver({
    takeStandard: (requests) =>
      // A dead-letter queue went away in between; the next look sees that.
      messages
        .take(requests)
        .catch((error: unknown) => (isGone(error) ? messages.take(requests) : Promise.reject(error))),
    takeFifo: (request) => inLane(request.queue, () => fifo.take(request)),
    giveBack(queue, rows) {
      for (const row of rows)
        plane
          .extend({ queue, messageId: row.id, handle: row.receipt_handle!, seconds: 0 })
          .catch((error: unknown) => side.log.warn({ err: error }, 'a message whose receiver has gone stays hidden'));
    },
    announce,
    clock: side.clock,
    stopping: side.stopping,
  });
  side.notifier.subscribe(QUEUE_CHANNEL, (payload) => {
    const [sender, ...ids] = payload.split(' ');
    if (sender === self) return;
    if (ids.length === 0) receiver.wake();
    for (const id of ids) receiver.wake(id, new Date(0));
  });
  side.notifier.subscribe(AUTHORITY_CHANNEL, (subject) => receiver.end(subject === '' ? undefined : subject));
  side.metrics.gauge('thecloud_queue_waiting_receivers', 'Receive calls that wait for a message', () =>
    receiver.waiting(),
  );

  const plane: MessagePlane = {
    ...createStatistics(
      { count: (queue) => reads.run(queue.tenant_id, false, () => messages.count(queue)) },
      side.clock,
    ),
    async send(queue, all) {
      const stored = queue.fifo ? await fifoSends.call(queue, all) : await insert(queue, all);
      announce(queue.id);
      return stored;
    },
    async receive(queue, options) {
      await inFlight.check(queue);
      const rows = await receiver.receive(queue, options);
      inFlight.took(queue, rows.length);
      return rows;
    },
    async delete(held) {
      if (!held.queue.fifo) return deletions.call(held);
      const { deleted, opensAt } = await fifoDeletions.call(held.queue, held);
      // The next message of the group may follow, which has waited since then.
      if (deleted && opensAt) announce(held.queue.id, opensAt);
      return deleted;
    },
    async extend(extension) {
      const { queue, seconds } = extension;
      const until = await (queue.fifo ? fifoExtensions.call(queue, extension) : extensions.call(extension));
      if (until === undefined) return undefined;
      receiver.wakeIn(queue.id, seconds * 1000);
      if (seconds === 0) announce(queue.id);
      // They may know of a later time.
      else tellOthers(queue.id);
      return until;
    },
    peek: (queue, limit) => reads.run(queue.tenant_id, false, () => messages.peek(queue, limit)),
  };
  return plane;

  async function insert(queue: QueueRow, all: readonly NewMessage[]): Promise<readonly StoredMessage[]> {
    const createdAt = await inserts
      .call(all.map((message) => ({ queue, message })))
      .catch((error: unknown) => (isGone(error) ? undefined : Promise.reject(error)));
    if (!createdAt) throw notFound('queue', queue.name);
    const delays = all.map(({ delaySeconds }) => delaySeconds);
    if (Math.max(...delays) > 0) receiver.wakeIn(queue.id, Math.min(...delays) * 1000);
    return all.map(({ id }) => ({ id, createdAt }));
  }
}

/** foreign_key_violation: the queue's row was removed. */
const isGone = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '23503';

/** Statements lock rows in the order of ids, so that two that share some cannot wait for each other. */
async function inOrder<In extends Held, Out>(
  held: readonly In[],
  run: (sorted: readonly In[]) => Promise<readonly Out[]>,
): Promise<readonly Out[]> {
  const order = held.map((_, index) => index).sort((a, b) => (held[a]!.messageId < held[b]!.messageId ? -1 : 1));
  const answers = await run(order.map((index) => held[index]!));
  const places = new Map(order.map((index, place) => [index, place]));
  return held.map((_, index) => answers[places.get(index)!]!);
}

/** Gathers the calls of each FIFO queue for itself: they take turns at the queue's lock anyway, so a flush holds one connection a queue at most. */
function perQueue<In, Out>(
  flush: (queue: QueueRow, inputs: readonly In[]) => Promise<readonly Out[]>,
  weight?: { of(input: In): number; readonly max: number },
) {
  const busy = new Map<string, ReturnType<typeof createCoalescer<In, Out>>>();
  return {
    async call(queue: QueueRow, input: In): Promise<Out> {
      let coalescer = busy.get(queue.id);
      if (!coalescer) {
        coalescer = createCoalescer<In, Out>({
          maxBatch: 200,
          maxInFlight: 1,
          maxQueue: 2_000,
          ...(weight ? { weight } : {}),
          flush: (inputs) => flush(queue, inputs),
        });
        busy.set(queue.id, coalescer);
      }
      try {
        return await coalescer.call(input);
      } finally {
        if (coalescer.waiting() === 0 && busy.get(queue.id) === coalescer) busy.delete(queue.id);
      }
    },
  };
}
