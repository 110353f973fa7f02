import type { CallOptions } from './call.ts';
import { CloudApiError, CloudConnectionError, NotFoundError } from './errors.ts';
import type { QueueMessage } from './generated/models.ts';
import type { Queues } from './generated/queues.ts';
import { backOff, sleep } from './retry.ts';

export interface ConsumeOptions extends Pick<CallOptions, 'signal' | 'tenantId'> {
  /** Messages that are handled at a time. Default 1. */
  readonly concurrency?: number | undefined;
  /** Seconds for which a message is hidden from others; extended while it is handled. Default 30, at least 2. */
  readonly visibility?: number | undefined;
  /** Called with what a handler threw, and with what kept a message from being deleted or extended: it comes again. Default: nothing is said. */
  readonly onError?: ((error: unknown, message: QueueMessage) => void) | undefined;
}

export type ReceivedMessage = QueueMessage & { readonly receipt_handle: string };

/** Seconds of a long poll. */
const WAIT_SECONDS = 20;
/** Most messages of a call. */
const BATCH = 10;
/** Milliseconds before a poll is repeated that failed; it doubles up to 20 s, with jitter. */
const REPEAT_MS = 500;
/** Milliseconds for a message to be deleted, repetitions included. */
const DELETE_MS = 30_000;

/**
 * Receives messages and hands each to `handle`. A message is deleted when its handler has succeeded; what a handler throws leaves the message in the
 * queue, and it comes again after its visibility, or goes to the dead-letter queue. A message may come twice: handle it so that this does no harm.
 *
 * Runs until `signal` aborts; then it receives no more, waits for the handlers that run, and returns. Goes on after failures that pass, and throws
 * what does not: no permission, no such queue. The `signal` of a handler aborts when the message is not its own any more.
 */
export async function consume(
  queues: Pick<Queues, 'receive' | 'deleteMessage' | 'changeVisibility'>,
  queue: string,
  handle: (message: ReceivedMessage, signal: AbortSignal) => Promise<unknown>,
  options: ConsumeOptions = {},
): Promise<void> {
  const { concurrency = 1, visibility = 30, onError, signal, tenantId } = options;
  if (!(concurrency >= 1 && visibility >= 2))
    throw new TypeError('concurrency must be 1 or more, and visibility 2 or more');
  const running = new Set<Promise<void>>();
  let failures = 0;

  const work = async (message: ReceivedMessage): Promise<void> => {
    const held = { id: queue, receipt_handle: message.receipt_handle };
    const lost = new AbortController();
    let isHandled = false;
    let heldUntil = performance.now() + visibility * 1000;
    const extend = async (): Promise<void> => {
      const now = performance.now();
      if (now >= heldUntil) lost.abort(new Error('the message could not be extended in time; others may have it'));
      try {
        await queues.changeVisibility({ ...held, visibility_timeout: visibility }, { tenantId });
        heldUntil = Math.max(heldUntil, now + visibility * 1000);
      } catch (error) {
        if (isHandled) return;
        onError?.(error, message);
        // Others may have it. What passes is tried again before the time is up.
        if (error instanceof CloudApiError && !isPassing(error)) lost.abort(error);
      }
    };
    const timer = setInterval(() => void extend(), (visibility * 1000) / 3);
    try {
      await handle(message, lost.signal);
      isHandled = true;
      clearInterval(timer);
      await remove(held);
    } catch (error) {
      onError?.(error, message);
    } finally {
      clearInterval(timer);
    }
  };

  /** Repeated while failures pass, because deleting twice does no harm. */
  const remove = async (held: { readonly id: string; readonly receipt_handle: string }): Promise<void> => {
    const deadline = performance.now() + DELETE_MS;
    for (let attempt = 0; ; attempt++) {
      try {
        return await queues.deleteMessage(held, { tenantId });
      } catch (error) {
        // An attempt that was not answered may have deleted it.
        if (error instanceof NotFoundError && attempt > 0) return;
        const delay = isPassing(error) ? backOff(attempt, REPEAT_MS, error) : undefined;
        if (delay === undefined || performance.now() + delay > deadline) throw error;
        await sleep(delay);
      }
    }
  };

  try {
    while (!signal?.aborted) {
      const room = concurrency - running.size;
      if (room < 1) {
        await Promise.race(running);
        continue;
      }
      try {
        const input = { id: queue, max_messages: Math.min(BATCH, room), wait_seconds: WAIT_SECONDS };
        // Not repeated by the transport: what a lost answer held is hidden for a while, and another call brings others.
        const call = { signal, tenantId, retries: 0 };
        const messages = await queues.receive({ ...input, visibility_timeout: visibility }, call);
        failures = 0;
        for (const message of messages as readonly ReceivedMessage[]) {
          const done: Promise<void> = work(message).finally(() => running.delete(done));
          running.add(done);
        }
      } catch (error) {
        if (signal?.aborted) break;
        if (!isPassing(error)) throw error;
        await sleep(backOff(failures++, REPEAT_MS, error) ?? 20_000, signal).catch(() => undefined);
      }
    }
  } finally {
    await Promise.all(running);
  }
}

/** A platform that restarts or is busy comes back. */
const isPassing = (error: unknown): error is CloudApiError | CloudConnectionError =>
  error instanceof CloudConnectionError ||
  (error instanceof CloudApiError &&
    (error.status >= 500 || (error.status === 429 && error.code !== 'QUOTA_EXCEEDED')));
