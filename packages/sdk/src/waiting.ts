import { textOf } from './text.ts';
import { CloudWaitError, NotFoundError } from './errors.ts';
import { sleep } from './retry.ts';
import type { CallOptions, CallSpec, Transport } from './call.ts';

export interface WaitUntilOptions<T> extends CallOptions {
  /** Seconds. Default 300. */
  readonly seconds?: number | undefined;
  /** Milliseconds between two looks. Default 1,000. */
  readonly pollMs?: number | undefined;
  /** Called with each look at the resource. */
  readonly onLook?: ((resource: T) => void) | undefined;
}

const DEFAULT_SECONDS = 300;
const POLL_MS = 1_000;
/** Longest that one request is held by the server. */
const HOLD_SECONDS = 20;

/**
 * Looks at a resource until `isDone`, by default until it has settled. Answers the resource; throws CloudWaitError when time is up, and
 * what `get` throws.
 */
export async function waitUntil<T>(
  transport: Transport,
  get: CallSpec,
  id: string,
  isDone?: (resource: T) => boolean,
  options: WaitUntilOptions<T> = {},
): Promise<T> {
  const { seconds = DEFAULT_SECONDS, pollMs = POLL_MS, onLook, ...call } = options;
  const settles = get.settles;
  const done =
    isDone ??
    ((resource: T) => settles?.values.includes(String((resource as Record<string, unknown>)[settles.field])) ?? true);
  // Only a wait for "settled" that nobody watches can be left to the server.
  const held = isDone === undefined && onLook === undefined;
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const left = Math.max(0, (deadline - performance.now()) / 1000);
    const wait = held ? Math.min(HOLD_SECONDS, Math.floor(left)) : 0;
    const resource = await transport.call<T>(get, { id }, wait > 0 ? { ...call, wait } : call);
    onLook?.(resource);
    if (done(resource)) return resource;
    const pause = Math.min(pollMs, deadline - performance.now());
    if (pause <= 0)
      throw new CloudWaitError(`'${id}' is still ${describe(resource, settles)} after ${seconds} s`, resource);
    await sleep(pause, call.signal);
  }
}

/** Looks until the resource is gone. Throws CloudWaitError when time is up. */
export async function waitUntilGone<T>(
  transport: Transport,
  get: CallSpec,
  id: string,
  options: WaitUntilOptions<T> = {},
): Promise<void> {
  try {
    await waitUntil<T>(transport, get, id, () => false, options);
  } catch (error) {
    // Not any 404: one of a proxy, or of a wrong endpoint, tells nothing of the resource.
    if (error instanceof NotFoundError) return;
    throw error;
  }
}

function describe(resource: unknown, settles: CallSpec['settles']): string {
  const members = resource as Record<string, unknown>;
  const status = textOf(members[settles?.field ?? 'status']);
  return members.status_reason ? `${status} (${textOf(members.status_reason)})` : status;
}
