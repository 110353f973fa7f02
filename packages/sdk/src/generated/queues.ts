// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { Queue, QueueMessage, QueueMoveTask, QueueStats } from './models.ts';

export interface QueuesCreateInput {
  /** Up to 80 letters, digits, - and _; unique in the tenant; ends in .fifo for a FIFO queue */
  readonly name: string;
  /** Seconds for which a received message is hidden from other receivers; default 30 */
  readonly visibility_timeout?: number | undefined;
  /** Seconds after which a message that nobody deleted expires; default 345600, four days */
  readonly retention_seconds?: number | undefined;
  /** In place of retention_seconds */
  readonly retention_days?: number | undefined;
  /** Most bytes of a message with its attributes; default 262144 */
  readonly max_message_size?: number | undefined;
  /** Seconds for which a new message is hidden; default 0 */
  readonly delay_seconds?: number | undefined;
  /** Seconds for which a receive call waits for a message, unless it says otherwise; default 0 */
  readonly receive_wait_seconds?: number | undefined;
  /** Of a FIFO queue: a message without a deduplication id gets the SHA-256 of its body; default false */
  readonly content_based_deduplication?: boolean | undefined;
  /** Of a FIFO queue: where a deduplication id is unique; default queue */
  readonly deduplication_scope?: "queue" | "message_group" | undefined;
  /** Of a FIFO queue: kept for AWS clients, without effect here; default per_queue */
  readonly fifo_throughput?: "per_queue" | "per_message_group" | undefined;
  /** A policy document of AWS, as JSON, that names your own account only; empty removes it */
  readonly access_policy?: string | undefined;
  /** Id or name of the queue that gets messages which were received max_receive_count times */
  readonly dead_letter_queue_id?: string | null | undefined;
  /** Needed with dead_letter_queue_id: how often a message is received before it goes there */
  readonly max_receive_count?: number | null | undefined;
  /** Which queues may use this one as their dead-letter queue; default all of the tenant */
  readonly redrive_allow?: {
    readonly permission: "allow_all" | "deny_all" | "by_queue";
    readonly source_queue_ids?: readonly string[] | undefined;
  } | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface QueuesListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only queues whose name begins so */
  readonly prefix?: string | undefined;
}

export interface QueuesGetInput {
  /** Id or name */
  readonly id: string;
}

export interface QueuesUpdateInput {
  /** Id or name */
  readonly id: string;
  /** Seconds for which a received message is hidden from other receivers; default 30 */
  readonly visibility_timeout?: number | undefined;
  /** Seconds after which a message that nobody deleted expires; default 345600, four days */
  readonly retention_seconds?: number | undefined;
  /** In place of retention_seconds */
  readonly retention_days?: number | undefined;
  /** Most bytes of a message with its attributes; default 262144 */
  readonly max_message_size?: number | undefined;
  /** Seconds for which a new message is hidden; default 0 */
  readonly delay_seconds?: number | undefined;
  /** Seconds for which a receive call waits for a message, unless it says otherwise; default 0 */
  readonly receive_wait_seconds?: number | undefined;
  /** Of a FIFO queue: a message without a deduplication id gets the SHA-256 of its body; default false */
  readonly content_based_deduplication?: boolean | undefined;
  /** Of a FIFO queue: where a deduplication id is unique; default queue */
  readonly deduplication_scope?: "queue" | "message_group" | undefined;
  /** Of a FIFO queue: kept for AWS clients, without effect here; default per_queue */
  readonly fifo_throughput?: "per_queue" | "per_message_group" | undefined;
  /** A policy document of AWS, as JSON, that names your own account only; empty removes it */
  readonly access_policy?: string | undefined;
  /** Id or name of the queue that gets messages which were received max_receive_count times */
  readonly dead_letter_queue_id?: string | null | undefined;
  /** Needed with dead_letter_queue_id: how often a message is received before it goes there */
  readonly max_receive_count?: number | null | undefined;
  /** Which queues may use this one as their dead-letter queue; default all of the tenant */
  readonly redrive_allow?: {
    readonly permission: "allow_all" | "deny_all" | "by_queue";
    readonly source_queue_ids?: readonly string[] | undefined;
  } | null | undefined;
}

export interface QueuesDeleteInput {
  /** Id or name */
  readonly id: string;
}

export interface QueuesDeleteOutput {
  readonly message: string;
}

export interface QueuesPurgeInput {
  /** Id or name */
  readonly id: string;
}

export interface QueuesSetLabelsInput {
  /** Id or name */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface QueuesRemoveLabelsInput {
  /** Id or name */
  readonly id: string;
  readonly keys: readonly string[];
}

export interface QueuesDeadLetterSourcesInput {
  /** Id or name */
  readonly id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface QueuesRedriveInput {
  /** Id or name */
  readonly id: string;
  /** Id or name of the queue that gets the messages */
  readonly destination_id?: string | undefined;
  /** Most messages a second; default as fast as possible */
  readonly max_per_second?: number | undefined;
}

export interface QueuesRedriveTasksInput {
  /** Id or name */
  readonly id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface QueuesCancelRedriveInput {
  /** Id or name */
  readonly id: string;
  /** Id or name */
  readonly task: string;
}

export interface QueuesSendInput {
  /** Id or name */
  readonly id: string;
  readonly body: string;
  /** Seconds for which the message is hidden; default the queue's. Not of a FIFO queue */
  readonly delay_seconds?: number | undefined;
  /** Up to ten, by name */
  readonly attributes?: Readonly<Record<string, {
    readonly type: string;
    /** Base64 if the type is Binary */
    readonly value: string;
  }>> | undefined;
  /** The message group; needed for a FIFO queue */
  readonly group_id?: string | undefined;
  /** Of a FIFO queue: a message with the same one within five minutes is not stored again */
  readonly deduplication_id?: string | undefined;
  /** AWSTraceHeader of X-Ray */
  readonly trace_header?: string | undefined;
}

export interface QueuesSendOutput {
  readonly id: string;
  readonly queue_id: string;
  /** MD5 of the body, in hex */
  readonly md5: string;
  /** The order in a FIFO queue: 20 digits */
  readonly sequence_number?: string;
  readonly created_at: string;
}

export interface QueuesSendBatchInput {
  /** Id or name */
  readonly id: string;
  readonly entries: ReadonlyArray<{
    /** Names the entry in the answer; unique in the batch */
    readonly id: string;
    readonly body: string;
    /** Seconds for which the message is hidden; default the queue's. Not of a FIFO queue */
    readonly delay_seconds?: number | undefined;
    /** Up to ten, by name */
    readonly attributes?: Readonly<Record<string, {
      readonly type: string;
      /** Base64 if the type is Binary */
      readonly value: string;
    }>> | undefined;
    /** The message group; needed for a FIFO queue */
    readonly group_id?: string | undefined;
    /** Of a FIFO queue: a message with the same one within five minutes is not stored again */
    readonly deduplication_id?: string | undefined;
    /** AWSTraceHeader of X-Ray */
    readonly trace_header?: string | undefined;
  }>;
}

export interface QueuesSendBatchOutput {
  readonly successful: ReadonlyArray<{
    readonly id: string;
    readonly queue_id: string;
    /** MD5 of the body, in hex */
    readonly md5: string;
    /** The order in a FIFO queue: 20 digits */
    readonly sequence_number?: string;
    readonly created_at: string;
    readonly message_id: string;
  }>;
  readonly failed: ReadonlyArray<{
    readonly id: string;
    readonly code: string;
    readonly message: string;
  }>;
}

export interface QueuesReceiveInput {
  /** Id or name */
  readonly id: string;
  /** Default 1 */
  readonly max_messages?: number | undefined;
  /** Default the queue's receive_wait_seconds */
  readonly wait_seconds?: number | undefined;
  /** Seconds; default the queue's */
  readonly visibility_timeout?: number | undefined;
  /** Of a FIFO queue: a repeated call with the same id gets the same messages again while they are in flight, for five minutes */
  readonly attempt_id?: string | undefined;
}

export interface QueuesPeekInput {
  /** Id or name */
  readonly id: string;
  /** Default 10 */
  readonly limit?: number | undefined;
}

export interface QueuesDeleteMessageInput {
  /** Id or name */
  readonly id: string;
  /** receipt_handle of the received message */
  readonly receipt_handle: string;
}

export interface QueuesDeleteMessagesInput {
  /** Id or name */
  readonly id: string;
  readonly entries: ReadonlyArray<{
    /** Names the entry in the answer; unique in the batch */
    readonly id: string;
    /** receipt_handle of the received message */
    readonly receipt_handle: string;
  }>;
}

export interface QueuesDeleteMessagesOutput {
  readonly successful: ReadonlyArray<{
    readonly id: string;
  }>;
  readonly failed: ReadonlyArray<{
    readonly id: string;
    readonly code: string;
    readonly message: string;
  }>;
}

export interface QueuesChangeVisibilityInput {
  /** Id or name */
  readonly id: string;
  /** receipt_handle of the received message */
  readonly receipt_handle: string;
  /** Seconds from now; 0 makes the message visible at once */
  readonly visibility_timeout: number;
}

export interface QueuesChangeVisibilityOutput {
  readonly visible_at: string;
}

export interface QueuesChangeVisibilitiesInput {
  /** Id or name */
  readonly id: string;
  readonly entries: ReadonlyArray<{
    /** Names the entry in the answer; unique in the batch */
    readonly id: string;
    /** receipt_handle of the received message */
    readonly receipt_handle: string;
    /** Seconds from now; 0 makes the message visible at once */
    readonly visibility_timeout: number;
  }>;
}

export interface QueuesChangeVisibilitiesOutput {
  readonly successful: ReadonlyArray<{
    readonly id: string;
  }>;
  readonly failed: ReadonlyArray<{
    readonly id: string;
    readonly code: string;
    readonly message: string;
  }>;
}

export interface QueuesStatsInput {
  /** Id or name */
  readonly id: string;
}

export interface Queues {
  /**
   * Create a queue.
   * A queue whose name ends in .fifo is a FIFO queue: its messages are received in order within each message group, and sent once within five minutes for each deduplication id.
   * POST /queues · permission queue:create · errors NOT_FOUND
   */
  create(input: QueuesCreateInput, options?: CallOptions & KeyOption): Promise<Queue>;
  /**
   * List queues.
   * GET /queues · permission queue:read
   */
  list(input?: QueuesListInput, options?: CallOptions): Promise<Page<Queue>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: QueuesListInput, options?: CallOptions): AsyncGenerator<Queue, void, undefined>;
  /**
   * Get a queue.
   * GET /queues/:id · permission queue:read
   */
  get(input: QueuesGetInput | string, options?: CallOptions): Promise<Queue>;
  /**
   * Change a queue.
   * What is not given stays as it is. The name cannot be changed.
   * PATCH /queues/:id · permission queue:write · errors NOT_FOUND
   */
  update(input: QueuesUpdateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Queue>;
  /**
   * Delete a queue.
   * Deletes the queue and its messages. The name is free at once.
   * DELETE /queues/:id · permission queue:delete
   */
  delete(input: QueuesDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<QueuesDeleteOutput>;
  /**
   * Delete all messages of a queue.
   * No message that was sent before is received any more. A queue can be purged once in 60 s.
   * POST /queues/:id/purge · permission queue:write · errors PURGE_IN_PROGRESS
   */
  purge(input: QueuesPurgeInput | string, options?: CallOptions & VersionOption): Promise<void>;
  /**
   * Add labels to a queue, or change them.
   * POST /queues/:id/labels · permission queue:write
   */
  setLabels(input: QueuesSetLabelsInput, options?: CallOptions & KeyOption & VersionOption): Promise<Queue>;
  /**
   * Remove labels from a queue.
   * DELETE /queues/:id/labels · permission queue:write
   */
  removeLabels(input: QueuesRemoveLabelsInput, options?: CallOptions & KeyOption & VersionOption): Promise<Queue>;
  /**
   * List the queues that use a queue as their dead-letter queue.
   * GET /queues/:id/dead-letter-sources · permission queue:read
   */
  deadLetterSources(input: QueuesDeadLetterSourcesInput | string, options?: CallOptions): Promise<Page<Queue>>;
  /** All of them, page by page as they are asked for. */
  deadLetterSourcesAll(input: QueuesDeadLetterSourcesInput | string, options?: CallOptions): AsyncGenerator<Queue, void, undefined>;
  /**
   * Move the messages of a dead-letter queue back.
   * Starts a task that moves the messages which are in the queue now: to the destination, or each to the queue from which it came. One task of a queue runs at a time.
   * POST /queues/:id/redrive · permission queue:write · errors CONFLICT
   */
  redrive(input: QueuesRedriveInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<QueueMoveTask>;
  /**
   * List the tasks that move messages out of a queue.
   * The newest first; tasks that ended are kept for 30 days.
   * GET /queues/:id/redrive · permission queue:read
   */
  redriveTasks(input: QueuesRedriveTasksInput | string, options?: CallOptions): Promise<Page<QueueMoveTask>>;
  /** All of them, page by page as they are asked for. */
  redriveTasksAll(input: QueuesRedriveTasksInput | string, options?: CallOptions): AsyncGenerator<QueueMoveTask, void, undefined>;
  /**
   * Cancel a task that moves messages.
   * What was moved stays moved.
   * POST /queues/:id/redrive/:task/cancel · permission queue:write · errors CONFLICT
   */
  cancelRedrive(input: QueuesCancelRedriveInput, options?: CallOptions & KeyOption & VersionOption): Promise<QueueMoveTask>;
  /**
   * Send a message.
   * POST /queues/:id/messages · permission queue:write · errors MESSAGE_TOO_LARGE, MESSAGE_CONTENT_INVALID, QUOTA_EXCEEDED
   */
  send(input: QueuesSendInput, options?: CallOptions & VersionOption): Promise<QueuesSendOutput>;
  /**
   * Send up to ten messages.
   * Each is stored or refused for itself; together they hold at most 1 MiB.
   * POST /queues/:id/messages/batch · permission queue:write · errors BATCH_TOO_LARGE, BATCH_IDS_NOT_DISTINCT, QUOTA_EXCEEDED
   */
  sendBatch(input: QueuesSendBatchInput, options?: CallOptions & VersionOption): Promise<QueuesSendBatchOutput>;
  /**
   * Receive messages.
   * Answers up to max_messages messages, and hides each from other receivers until its visibility timeout has passed or it is deleted. With wait_seconds the call waits for the first message.
   * GET /queues/:id/messages · permission queue:read · errors TOO_MANY_IN_FLIGHT
   */
  receive(input: QueuesReceiveInput | string, options?: CallOptions & VersionOption): Promise<readonly QueueMessage[]>;
  /**
   * Look at messages without receiving them.
   * The messages that become visible first; nothing changes.
   * GET /queues/:id/messages/peek · permission queue:read
   */
  peek(input: QueuesPeekInput | string, options?: CallOptions): Promise<readonly QueueMessage[]>;
  /**
   * Delete a received message.
   * DELETE /queues/:id/messages/:receipt_handle · permission queue:write · errors RECEIPT_HANDLE_INVALID, MESSAGE_NOT_FOUND
   */
  deleteMessage(input: QueuesDeleteMessageInput, options?: CallOptions & VersionOption): Promise<void>;
  /**
   * Delete up to ten received messages.
   * POST /queues/:id/messages/delete · permission queue:write · errors BATCH_IDS_NOT_DISTINCT
   */
  deleteMessages(input: QueuesDeleteMessagesInput, options?: CallOptions & VersionOption): Promise<QueuesDeleteMessagesOutput>;
  /**
   * Change how long a received message stays hidden.
   * PATCH /queues/:id/messages/:receipt_handle · permission queue:write · errors RECEIPT_HANDLE_INVALID, MESSAGE_NOT_IN_FLIGHT
   */
  changeVisibility(input: QueuesChangeVisibilityInput, options?: CallOptions & VersionOption): Promise<QueuesChangeVisibilityOutput>;
  /**
   * Change the visibility of up to ten received messages.
   * POST /queues/:id/messages/visibility · permission queue:write · errors BATCH_IDS_NOT_DISTINCT
   */
  changeVisibilities(input: QueuesChangeVisibilitiesInput, options?: CallOptions & VersionOption): Promise<QueuesChangeVisibilitiesOutput>;
  /**
   * Get a queue's numbers.
   * Counted at most once a second, and less often when there are very many messages.
   * GET /queues/:id/stats · permission queue:read
   */
  stats(input: QueuesStatsInput | string, options?: CallOptions): Promise<QueueStats>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Queue) => boolean, options?: WaitUntilOptions<Queue>): Promise<Queue>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<Queue>): Promise<void>;
}

const SPECS = {
  create: {"name":"queues.create","method":"POST","path":"/queues","idempotent":true},
  list: {"name":"queues.list","method":"GET","path":"/queues"},
  get: {"name":"queues.get","method":"GET","path":"/queues/:id"},
  update: {"name":"queues.update","method":"PATCH","path":"/queues/:id","idempotent":true},
  delete: {"name":"queues.delete","method":"DELETE","path":"/queues/:id","idempotent":true},
  purge: {"name":"queues.purge","method":"POST","path":"/queues/:id/purge"},
  setLabels: {"name":"queues.setLabels","method":"POST","path":"/queues/:id/labels","idempotent":true},
  removeLabels: {"name":"queues.removeLabels","method":"DELETE","path":"/queues/:id/labels","idempotent":true},
  deadLetterSources: {"name":"queues.deadLetterSources","method":"GET","path":"/queues/:id/dead-letter-sources"},
  redrive: {"name":"queues.redrive","method":"POST","path":"/queues/:id/redrive","idempotent":true},
  redriveTasks: {"name":"queues.redriveTasks","method":"GET","path":"/queues/:id/redrive"},
  cancelRedrive: {"name":"queues.cancelRedrive","method":"POST","path":"/queues/:id/redrive/:task/cancel","idempotent":true},
  send: {"name":"queues.send","method":"POST","path":"/queues/:id/messages"},
  sendBatch: {"name":"queues.sendBatch","method":"POST","path":"/queues/:id/messages/batch"},
  receive: {"name":"queues.receive","method":"GET","path":"/queues/:id/messages"},
  peek: {"name":"queues.peek","method":"GET","path":"/queues/:id/messages/peek"},
  deleteMessage: {"name":"queues.deleteMessage","method":"DELETE","path":"/queues/:id/messages/:receipt_handle"},
  deleteMessages: {"name":"queues.deleteMessages","method":"POST","path":"/queues/:id/messages/delete"},
  changeVisibility: {"name":"queues.changeVisibility","method":"PATCH","path":"/queues/:id/messages/:receipt_handle"},
  changeVisibilities: {"name":"queues.changeVisibilities","method":"POST","path":"/queues/:id/messages/visibility"},
  stats: {"name":"queues.stats","method":"GET","path":"/queues/:id/stats"},
} as const;

export function createQueues(transport: Transport): Queues {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    purge: (input, options) => transport.call(SPECS.purge, typeof input === 'string' ? { id: input } : { ...input }, options),
    setLabels: (input, options) => transport.call(SPECS.setLabels, { ...input }, options),
    removeLabels: (input, options) => transport.call(SPECS.removeLabels, { ...input }, options),
    deadLetterSources: (input, options) => transport.page(SPECS.deadLetterSources, typeof input === 'string' ? { id: input } : { ...input }, options),
    deadLetterSourcesAll: (input, options) => listAll(transport, SPECS.deadLetterSources, typeof input === 'string' ? { id: input } : { ...input }, options),
    redrive: (input, options) => transport.call(SPECS.redrive, typeof input === 'string' ? { id: input } : { ...input }, options),
    redriveTasks: (input, options) => transport.page(SPECS.redriveTasks, typeof input === 'string' ? { id: input } : { ...input }, options),
    redriveTasksAll: (input, options) => listAll(transport, SPECS.redriveTasks, typeof input === 'string' ? { id: input } : { ...input }, options),
    cancelRedrive: (input, options) => transport.call(SPECS.cancelRedrive, { ...input }, options),
    send: (input, options) => transport.call(SPECS.send, { ...input }, options),
    sendBatch: (input, options) => transport.call(SPECS.sendBatch, { ...input }, options),
    receive: (input, options) => transport.call(SPECS.receive, typeof input === 'string' ? { id: input } : { ...input }, options),
    peek: (input, options) => transport.call(SPECS.peek, typeof input === 'string' ? { id: input } : { ...input }, options),
    deleteMessage: (input, options) => transport.call(SPECS.deleteMessage, { ...input }, options),
    deleteMessages: (input, options) => transport.call(SPECS.deleteMessages, { ...input }, options),
    changeVisibility: (input, options) => transport.call(SPECS.changeVisibility, { ...input }, options),
    changeVisibilities: (input, options) => transport.call(SPECS.changeVisibilities, { ...input }, options),
    stats: (input, options) => transport.call(SPECS.stats, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Queue>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<Queue>(transport, SPECS.get, id, options),
  };
}
