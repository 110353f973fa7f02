import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, Origin } from '../../kernel/caller.ts';
import type { Clock } from '../../kernel/clock.ts';
import { CloudError, requestTimedOut } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Entry } from '../../kernel/registry.ts';
import { isWritten } from '../../kernel/written-answer.ts';
import type { LiveClient } from '../../live/client.ts';
import { PLACES, type Shape } from '../../live/places.ts';
import { createLongCalls } from './long-calls.ts';
import { createSockets } from './sockets.ts';
import { answerStream } from './stream-answer.ts';
import { createWrittenAnswers } from './written-answers.ts';
import type { Untaken, UnderWay } from '../under-way.ts';

/** What is known of a call that lasts. */
export interface LongCallFacts {
  readonly caller: Caller;
  readonly input: Record<string, unknown>;
  readonly origin: Origin;
}

export interface LiveAnswers {
  /** Counts a call that lasts among its tenant's. Throws RATE_LIMITED, or INVALID_INPUT for a request that cannot become a socket. */
  admit(entry: Entry, caller: Caller & { kind: 'user' }, request: FastifyRequest, reply: FastifyReply): void;
  /** Whether what the caller gets is a stream or a socket: see `answer`. Everything else is answered at once. */
  isLong(entry: Entry): boolean;
  /** What the worker does for the ticket. It ends with the caller's right to it, or when the client leaves: nobody would learn how it went. */
  call(entry: Entry, call: LongCallFacts, ticket: string, request: FastifyRequest): Promise<unknown>;
  /**
   * Answers with the stream or the socket that the ticket is for, or with what the handler has to write. Resolves at the end of a stream, and
   * once a socket is open.
   */
  answer(
    entry: Entry,
    call: LongCallFacts,
    output: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply>;
}

function shapeOf({ descriptor, writes }: Entry): Shape | undefined {
  if (!descriptor.live) return undefined;
  if (descriptor.answer === 'stream' || descriptor.answer === 'socket') return descriptor.answer;
  return writes ? 'answer' : 'reading';
}

/** Calls that the worker answers. */
export function createLiveAnswers(
  app: FastifyInstance,
  deps: Parameters<typeof createLongCalls>[0] & {
    readonly live: LiveClient;
    readonly underWay: UnderWay;
    readonly untaken: Untaken;
    readonly clock: Clock;
    readonly metrics: Metrics;
    readonly log: Log;
  },
): LiveAnswers {
  const { live, underWay, clock, metrics } = deps;
  const longCalls = createLongCalls(deps);
  const written = createWrittenAnswers(deps);
  const sockets = createSockets(app, clock, metrics);
  // Closing waits for what is open, and these would stay open.
  app.addHook('preClose', async () => longCalls.stop());
  return {
    admit(entry, { tenantId = '', keyId }, request, reply) {
      if (isWritten(entry)) return written.admit(entry, { tenantId, keyId }, request, reply);
      const shape = shapeOf(entry);
      if (!shape) return;
      // As many as the worker runs for a tenant. A command's answer of up to 12 MB counts until it has been read.
      underWay.enter(
        `${shape} of ${tenantId}`,
        PLACES[shape].tenant,
        request.raw,
        reply.raw,
        shape === 'reading' ? 1 : 5,
      );
      if (shape === 'socket') sockets.check(request);
    },

    isLong(entry) {
      const shape = shapeOf(entry);
      return shape === 'stream' || shape === 'socket' || isWritten(entry);
    },

    async call(entry, { caller, input, origin }, ticket, request) {
      const call = longCalls.begin(entry, request, caller, input, origin);
      try {
        return await (entry.writes ? live.call : live.read)(ticket, call.signal);
      } catch (error) {
        throw error === call.signal.reason && !(error instanceof CloudError)
          ? requestTimedOut('the client left')
          : error;
      } finally {
        call.end();
      }
    },

    async answer(entry, { caller, input, origin }, output, request, reply) {
      const call = longCalls.begin(entry, request, caller, input, origin);
      try {
        if (isWritten(entry)) await written.answer(entry, output, call, request, reply.code(entry.status));
        else if (shapeOf(entry) === 'socket') await sockets.answer(entry, output as string, call, live, request, reply);
        else {
          const source = await live.stream(output as string, call.signal);
          await answerStream(source, call, clock, request, reply.code(entry.status));
        }
        return reply;
      } catch (error) {
        call.end();
        throw error;
      }
    },
  };
}
