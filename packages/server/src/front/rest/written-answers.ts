import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import { translateDatabaseError } from '../../kernel/database-errors.ts';
import { CloudError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Entry } from '../../kernel/registry.ts';
import type { ReadyDownload, ReadyEvents, ServerEvent } from '../../kernel/written-answer.ts';
import type { Untaken, UnderWay } from '../under-way.ts';
import { asCloudError } from './envelope.ts';
import type { LongCall } from './long-calls.ts';
import { drained, KEEP_ALIVE_MS } from './stream-answer.ts';

/**
 * Most at a time of one key, of one tenant, and of all. An idle stream of events costs a socket and some kilobytes; a download keeps a
 * statement busy, so few of one tenant run at a time.
 */
const MOST = {
  events: { key: 16, tenant: 64, all: 1_000 },
  stream: { key: 2, tenant: 4, all: 32 },
} as const;

/** Without an event for this long a comment goes out, so that proxies keep the connection and a client notices when it is dead. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds that a client waits before it connects again. */
const RETRY_MS = 1_000;

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'counter' | 'gauge'>;
  readonly underWay: UnderWay;
  readonly untaken: Untaken;
}

export interface WrittenAnswers {
  /** Counts the answer among its key's and its tenant's. Throws RATE_LIMITED. */
  admit(
    entry: Entry,
    whose: { readonly tenantId: string; readonly keyId: string },
    request: FastifyRequest,
    reply: FastifyReply,
  ): void;
  /** Writes out what the handler returned, no faster than the client takes it. Resolves at its end. */
  answer(entry: Entry, output: unknown, call: LongCall, request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Answers that the API writes out itself: see kernel/written-answer.ts. */
export function createWrittenAnswers(deps: Deps): WrittenAnswers {
  const open = { events: 0, stream: 0 };
  deps.metrics.gauge('thecloud_event_streams_open', 'Streams of events that are open', () => open.events);
  deps.metrics.gauge('thecloud_downloads_open', 'Downloads that the API is writing', () => open.stream);
  const countSent = deps.metrics.counter('thecloud_events_sent_total', 'Events written to streams');
  return {
    admit(entry, { tenantId, keyId }, request, reply) {
      const shape = shapeOf(entry);
      const { key, tenant, all } = MOST[shape];
      const enter = (name: string, most: number) =>
        deps.underWay.enter(`written ${shape} ${name}`, most, request.raw, reply.raw, 5);
      enter('', all);
      enter(`of ${tenantId}`, tenant);
      enter(`by ${keyId}`, key);
    },
    async answer(entry, output, call, request, reply) {
      const shape = shapeOf(entry);
      open[shape]++;
      try {
        const { content, fileName } = output as ReadyDownload;
        begin(
          reply,
          shape === 'events'
            ? { 'content-type': 'text/event-stream; charset=utf-8' }
            : {
                'content-type': content ?? entry.descriptor.content![0]!,
                'content-disposition': `attachment; filename="${fileName}"`,
              },
        );
        if (request.method === 'HEAD') reply.raw.end();
        else if (shape === 'events') await writeEvents(output as ReadyEvents, call, deps, countSent, request, reply);
        else await writeDownload(output as ReadyDownload, call, deps, request, reply);
      } finally {
        open[shape]--;
        call.end();
      }
    },
  };
}

const shapeOf = ({ answer }: Entry): keyof typeof MOST => (answer === 'events' ? 'events' : 'stream');

function begin(reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  reply.hijack();
  const { raw } = reply;
  raw.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
  raw.writeHead(reply.statusCode, {
    ...(reply.getHeaders() as Record<string, string>),
    ...headers,
    // A proxy would wait until it has a page full.
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
}

/** An answer that ends before the download does is cut off, so that nobody takes it for whole. */
async function writeDownload(
  { open }: ReadyDownload,
  call: LongCall,
  { clock, log }: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = reply;
  try {
    for await (const chunk of open(call)) {
      call.signal.throwIfAborted();
      if (!raw.write(chunk)) await drained(reply, call, clock);
    }
    raw.end();
  } catch (error) {
    if (!call.signal.aborted) log.error({ err: error, requestId: request.id }, 'a download failed');
    raw.destroy();
  }
}

async function writeEvents(
  { open }: ReadyEvents,
  call: LongCall,
  deps: Deps,
  countSent: () => void,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = reply;
  const write = async (text: string) => {
    if (!raw.write(text)) await drained(reply, call, deps.clock);
  };
  const items = open(call)[Symbol.asyncIterator]();
  try {
    await write(`retry: ${RETRY_MS}\n\n`);
    for (;;) {
      const item = await nextOf(items, call.signal, deps.clock, () => write(': still here\n\n'));
      if (item === undefined) break;
      await write(textOf(item));
      if (item.data !== undefined) countSent();
    }
  } catch (error) {
    const shown = whyItEnds(error, call);
    if (shown && shown.status >= 500 && !call.signal.aborted)
      deps.log.error({ err: error, requestId: request.id }, 'a stream of events failed');
    // Without a reason the client has left, or takes nothing.
    if (!shown) return void raw.destroy();
    // It says whether to connect again.
    raw.write(errorText(shown));
  } finally {
    // What waits for something sees the signal.
    call.end();
    void items.return?.().catch(() => undefined);
  }
  raw.end();
  deps.untaken.watch(raw, '');
}

/** The next item, with a comment for each while that nothing comes. Undefined at the end. Rejects with the signal's reason. */
async function nextOf(
  items: AsyncIterator<ServerEvent>,
  signal: AbortSignal,
  clock: Clock,
  beat: () => Promise<void>,
): Promise<ServerEvent | undefined> {
  const next = items.next();
  next.catch(() => undefined);
  for (;;) {
    const nap = new AbortController();
    const idle = clock.sleep(HEARTBEAT_MS, AbortSignal.any([nap.signal, signal])).then(() => 'idle' as const);
    idle.catch(() => undefined);
    try {
      const first = await Promise.race([next, idle]);
      if (first !== 'idle') return first.done ? undefined : first.value;
    } finally {
      nap.abort(new Error('there is something to write'));
    }
    await beat();
  }
}

const textOf = ({ id, data }: ServerEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}${data === undefined ? '' : `event: message\ndata: ${JSON.stringify(data)}\n`}\n`;

const errorText = ({ code, status, message, retryAfter }: CloudError): string =>
  `event: error\ndata: ${JSON.stringify({ code, status, message, ...(retryAfter === undefined ? {} : { retry_after: retryAfter }) })}\n\n`;

function whyItEnds(error: unknown, call: LongCall): CloudError | undefined {
  if (!call.signal.aborted) return asCloudError(translateDatabaseError(error).error);
  const { reason } = call.signal as { reason: unknown };
  return reason instanceof CloudError ? reason : undefined;
}
