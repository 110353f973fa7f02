import { setTimeout as sleep } from 'node:timers/promises';
import { CloudApiError, RateLimitedError, type Transport } from '@thecloud/sdk';
import { EXIT, Failure } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';
import { escapeControl } from '../../output/cell.ts';
import { printResult } from '../../output/print.ts';
import { startProgress } from '../../output/progress.ts';
import { withNames } from '../../resolve.ts';
import { siblingOf, type Verb } from '../../table/verb.ts';
import { type Line, LONGEST_BODY, readLines } from './bodies.ts';

/** Most messages of a call. */
const BATCH = 10;
/** Calls under way. */
const PARALLEL = 4;
/** Milliseconds after which lines are sent that do not fill a call. */
const IDLE_MS = 200;
/** Most times that a call is sent because the platform asked for a pause. */
const TRIES = 20;
/** Most refused lines that are told one by one. */
const MOST_TOLD = 10;

interface Answer {
  readonly successful: readonly { readonly id: string }[];
  readonly failed: readonly { readonly id: string; readonly code: string; readonly message: string }[];
}

/** Lines of a call that failed. */
interface Unanswered {
  readonly from: number;
  readonly to: number;
  readonly error: unknown;
}

/**
 * Sends each line as a message. A message is sent once: a call that was not answered is not repeated, and the failure says of which lines
 * nothing is known. With a group the lines stay in order, so that one call is under way at a time.
 */
export async function sendLines(invocation: Invocation, transport: Transport, from: string): Promise<number> {
  const { world, verb, verbs, options } = invocation;
  const batch = siblingOf(verb, verbs, 'sendBatch')!;
  const { id, ...members } = invocation.input;
  const parallel = members.group_id === undefined ? PARALLEL : 1;
  const progress = startProgress(world, String(id));
  const leaving = new AbortController();
  // Who types lines, or a program that writes them, may be silent for long.
  const readNoMore = () => from === '-' && world.stdin.destroy();
  const off = world.onSignal('SIGINT', () => {
    leaving.abort(new Failure('interrupted', EXIT.interrupted));
    readNoMore();
  });
  const underWay = new Map<number, Promise<void>>();
  let sent = 0;
  let refused = 0;
  let last = 0;
  const unanswered: Unanswered[] = [];
  let failure: { readonly error: unknown } | undefined;
  const send = async (lines: readonly Line[]): Promise<void> => {
    const entries = lines.map(({ number, body }) => ({ id: String(number), body, ...members }));
    try {
      const { successful, failed } = await sendBatch(transport, batch, invocation, { id, entries }, leaving.signal);
      sent += successful.length;
      for (const one of failed)
        if (++refused <= MOST_TOLD) world.stderr.write(`line ${one.id}: ${escapeControl(one.message)}\n`);
    } catch (error) {
      unanswered.push({ from: lines[0]!.number, to: lines.at(-1)!.number, error });
      readNoMore();
    }
    progress?.show(`${sent} sent`, undefined);
  };
  const start = async (lines: readonly Line[]): Promise<void> => {
    const first = lines[0]!.number;
    last = lines.at(-1)!.number;
    underWay.set(
      first,
      send(lines).finally(() => underWay.delete(first)),
    );
    if (underWay.size >= parallel) await Promise.race(underWay.values());
  };
  try {
    for await (const lines of batches(readLines(world, from), Buffer.byteLength(JSON.stringify(members)))) {
      if (unanswered.length > 0 || leaving.signal.aborted) break;
      await start(lines);
    }
  } catch (error) {
    failure = { error };
  } finally {
    await Promise.all(underWay.values());
    off();
    readNoMore();
    progress?.stop();
  }
  if (leaving.signal.aborted) failure = { error: leaving.signal.reason };
  await printResult(world, { columns: ['sent', 'refused'] }, options, { sent, refused });
  if (unanswered.length > 0) throw stopped(unanswered, last);
  if (failure !== undefined) throw failure.error;
  if (refused > MOST_TOLD) world.stderr.write(`${refused - MOST_TOLD} more lines were refused\n`);
  return refused > 0 ? EXIT.failed : EXIT.ok;
}

/** Lines that fit into one call, or that have come when none follows for a moment; `more`: bytes that each message has beside its line. */
async function* batches(lines: AsyncIterable<Line>, more: number): AsyncGenerator<readonly Line[], void, undefined> {
  const reader = lines[Symbol.asyncIterator]();
  const read = () => {
    const coming = reader.next();
    // It may fail while a call is under way; who awaits it hears of it.
    coming.catch(() => undefined);
    return coming;
  };
  let batch: Line[] = [];
  let size = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for (let coming = read(); ; ) {
      const next = await (batch.length === 0 ? coming : within(coming, IDLE_MS));
      if (next?.done) break;
      const bytes = next === undefined ? 0 : Buffer.byteLength(next.value.body) + more;
      if (next === undefined || batch.length === BATCH || (batch.length > 0 && size + bytes > LONGEST_BODY)) {
        yield batch;
        [batch, size] = [[], 0];
      }
      if (next === undefined) continue;
      batch.push(next.value);
      size += bytes;
      coming = read();
    }
  } catch (error) {
    // The lines before the one that cannot be sent are sent.
    failure = { error };
  }
  if (batch.length > 0) yield batch;
  if (failure !== undefined) throw failure.error;
}

/** Undefined after so many milliseconds. */
async function within<T>(coming: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sent again only where the platform has refused it for now: nothing of it was stored. */
async function sendBatch(
  transport: Transport,
  batch: Verb,
  invocation: Invocation,
  input: Invocation['input'],
  signal: AbortSignal,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withNames({ ...invocation, verb: batch, input }, transport, (named) =>
        transport.call<Answer>(batch, named.input, { signal }),
      );
    } catch (error) {
      if (!(error instanceof RateLimitedError) || attempt === TRIES) throw error;
      await sleep((error.retryAfter ?? 1) * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Other calls may have gone on for long beside one that was slow to fail. */
function stopped(unanswered: readonly Unanswered[], last: number): Error {
  const inOrder = unanswered.toSorted((one, other) => one.from - other.from);
  const { error } = inOrder[0]!;
  const lines = inOrder.map(({ from, to }) => (from === to ? `line ${from}` : `lines ${from} to ${to}`)).join(', ');
  const where = `${lines} may have been sent or not; of the others up to line ${last} all were sent or refused, and none behind it was`;
  const message = `${error instanceof Error ? error.message : String(error)}; ${where}`;
  // A refusal keeps its exit code.
  if (error instanceof CloudApiError) return new CloudApiError(error.code, error.status, message, error);
  return new Failure(message, error instanceof Failure ? error.exitCode : EXIT.unavailable);
}
