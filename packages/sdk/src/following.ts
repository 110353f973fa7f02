import type { AllOptions, CallOptions, CallSpec, Input, Transport } from './call.ts';
import { apiError, CloudApiError, CloudConnectionError } from './errors.ts';
import { backOff, isWorthRetrying, sleep } from './retry.ts';

/** One event of a stream. */
export interface StreamedEvent<T> {
  /** Send it as `after` to go on behind this event. */
  readonly id: string;
  readonly data: T;
}

export interface FollowOptions extends CallOptions {
  /** Most connections in a row that fail before the stream does. Default: no limit. */
  readonly reconnects?: number | undefined;
  /** Called when a reconnection has failed, before the next one. */
  readonly onFailure?: ((failure: CloudApiError | CloudConnectionError) => void) | undefined;
}

/** The server sends a comment every 15 s; a connection that says nothing for three of them is dead. */
const SILENT_MS = 45_000;
/** Milliseconds before the first reconnection; it doubles up to 20 s, with jitter. */
const RECONNECT_MS = 500;
/** A connection that lasts this long without an event counts as a good one. */
const STEADY_MS = 5_000;
/** Longest pause that a server may ask for. */
const LONGEST_PAUSE_MS = 3_600_000;
/** Longest event in characters that is read. */
const LONGEST_EVENT = 1024 * 1024;

/**
 * Events as they happen. It reconnects behind the last event that it gave when a connection breaks or the server restarts, so that none is
 * missed or given twice. Ends when the `signal` aborts, with the signal's reason, or when the loop is left. Throws CloudApiError when the server
 * refuses it for good: the key was revoked, or `after` is older than what the server keeps.
 */
export async function* followEvents<T>(
  transport: Transport,
  spec: CallSpec,
  input: Input,
  options: FollowOptions = {},
): AsyncGenerator<StreamedEvent<T>, void, undefined> {
  let after = input.after as string | undefined;
  let failures = 0;
  for (;;) {
    let failure: CloudApiError | CloudConnectionError = new CloudConnectionError('ended', `${spec.name} ended`);
    const began = performance.now();
    try {
      for await (const frame of connection(transport, spec, { ...input, after }, options)) {
        if (frame.event === 'error') throw refusalOf(frame.data);
        // A connection that only begins is not a success yet.
        if (frame.data !== undefined || performance.now() - began > STEADY_MS) failures = 0;
        after = frame.id ?? after;
        if (frame.data !== undefined) yield { id: after ?? '', data: JSON.parse(frame.data) as T };
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof CloudApiError || error instanceof CloudConnectionError)) throw error;
      if (!isPassing(error)) throw error;
      failure = error;
    }
    if (options.reconnects !== undefined && failures >= options.reconnects) throw failure;
    if (failures > 0) options.onFailure?.(failure);
    await sleep(backOff(failures++, RECONNECT_MS, failure) ?? askedFor(failure), options.signal);
  }
}

/** Nobody waits for a call here, so that what a server asks for is heeded up to an hour. */
const askedFor = (failure: CloudApiError | CloudConnectionError): number =>
  Math.min(LONGEST_PAUSE_MS, (failure instanceof CloudApiError ? (failure.retryAfter ?? 0) : 0) * 1000);

/** A server that restarts or is busy comes back; so may one that failed. */
const isPassing = (error: CloudApiError | CloudConnectionError): boolean =>
  isWorthRetrying(error) || (error instanceof CloudApiError && error.status >= 500);

interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** The frames of one connection, until it ends, or is silent for too long. */
async function* connection(
  transport: Transport,
  spec: CallSpec,
  input: Input,
  options: CallOptions,
): AsyncGenerator<Frame, void, undefined> {
  const leaving = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leaving.signal]) : leaving.signal;
  const given: AllOptions = { ...options, signal };
  const silent = () =>
    leaving.abort(new CloudConnectionError('silent', `${spec.name}: nothing came for ${SILENT_MS / 1000} s`));
  let timer = setTimeout(silent, SILENT_MS);
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of transport.stream(spec, input, given)) {
      clearTimeout(timer);
      timer = setTimeout(silent, SILENT_MS);
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split('\n\n');
      text = frames.pop()!;
      if (text.length > LONGEST_EVENT)
        throw new CloudApiError('UNEXPECTED_ANSWER', 502, `${spec.name}: an event is longer than ${LONGEST_EVENT}`);
      for (const frame of frames) yield readFrame(frame);
    }
  } finally {
    clearTimeout(timer);
    leaving.abort(new Error('nobody reads any further'));
  }
}

function readFrame(text: string): Frame {
  const members: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    members[name] = name === 'data' && members.data !== undefined ? `${members.data}\n${value}` : value;
  }
  return members;
}

/** What the server says when it ends a stream. */
function refusalOf(data: string | undefined): CloudApiError {
  const { code, status, message, retry_after } = JSON.parse(data ?? '{}') as Record<string, string | number>;
  return apiError(String(code ?? 'UNEXPECTED_ANSWER'), Number(status ?? 500), String(message ?? ''), {
    retryAfter: typeof retry_after === 'number' ? retry_after : undefined,
  });
}
