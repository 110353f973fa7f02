import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../kernel/clock.ts';
import type { Metrics } from '../kernel/metrics.ts';
import { rateLimited } from '../kernel/errors.ts';
import { passageOf } from './passage.ts';

/**
 * Most requests of one key at a time. Clients keep some ten connections; a script that launches its whole quota at once and waits for each
 * instance stays below it too, and so do 256 consumers of queues whose long polls are open all the time, with those who send to them. Each
 * costs what its answer takes in memory until the client has read it.
 */
const MAX_PER_KEY = 400;
/** Of a tenant, all its keys together: temporary ones cost nothing. Twice as many, so that one key that runs wild leaves others theirs. */
const MAX_PER_TENANT = 800;

/** Of an address, without a key: who sends no end of a request must not have thousands in progress. */
export const STRANGERS_AT_ONCE = 64;

/** An answer that is not taken by then ends its connection… */
const TAKE_MS = 60_000;
/** … but who reads at this pace or faster, as over a poor mobile line, gets all of it. Bytes a second. */
const SLOWEST_PACE = 32 * 1024;
/** What an answer of unknown length counts as: more than the largest page of the documentation. */
const UNKNOWN_BYTES = 2 * 1024 * 1024;

export interface UnderWay {
  /** Counts a request of a key and of its tenant, each within its limit. Throws RATE_LIMITED. */
  enterKey(keyId: string, tenantId: string | undefined, request: IncomingMessage, response: ServerResponse): void;
  /** Counts the request until its answer has been taken or its connection has gone. Throws RATE_LIMITED when there are `most` of the name. */
  enter(name: string, most: number, request: IncomingMessage, response: ServerResponse, retryAfter?: number): void;
}

export function createUnderWay(): UnderWay {
  const counts = new Map<string, number>();
  const underWay: UnderWay = {
    enterKey(keyId, tenantId, request, response) {
      underWay.enter(keyId, MAX_PER_KEY, request, response);
      if (tenantId !== undefined) underWay.enter(`tenant ${tenantId}`, MAX_PER_TENANT, request, response);
    },
    enter(name, most, request, response, retryAfter = 1) {
      const count = counts.get(name) ?? 0;
      if (count >= most)
        throw rateLimited(
          `${most} requests are in progress, or their answers have not been read; wait for one to finish`,
          retryAfter,
        );
      const passage = passageOf(request, response);
      if (passage.isOver) return;
      counts.set(name, count + 1);
      passage.atEnd(() => {
        const left = (counts.get(name) ?? 1) - 1;
        if (left > 0) counts.set(name, left);
        else counts.delete(name);
      });
    },
  };
  return underWay;
}

/** How often answers are looked for that are not taken. */
const LOOK_MS = 1_000;

/** Ends the connections of clients that do not take their answers. The time runs from the moment that it is the answer's turn. */
export interface Untaken {
  watch(response: ServerResponse, payload: unknown): void;
}

export function createUntaken(clock: Clock, metrics: Pick<Metrics, 'gauge'>): Untaken {
  /** Answers on their way, with how long they may take and until when that is, once it is their turn. Most are gone in a moment. */
  const onTheWay = new Map<ServerResponse, { readonly ms: number; until: number | undefined }>();
  let looking = false;
  metrics.gauge(
    'thecloud_http_answers_on_the_way',
    'Answers that their clients have not taken yet',
    () => onTheWay.size,
  );
  async function look(): Promise<void> {
    looking = true;
    while (onTheWay.size > 0) {
      const now = clock.monotonic();
      for (const [response, one] of onTheWay) {
        if (one.until === undefined && response.socket) one.until = now + one.ms;
        if (one.until !== undefined && one.until <= now) response.socket?.destroy();
      }
      await clock.sleep(LOOK_MS);
    }
    looking = false;
  }
  return {
    watch(response, payload) {
      // Closed before the answer was there: it hears of no end any more.
      const passage = passageOf(response.req, response);
      if (passage.isOver) return;
      const bytes =
        typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.byteLength(payload) : UNKNOWN_BYTES;
      const ms = TAKE_MS + (bytes / SLOWEST_PACE) * 1000;
      onTheWay.set(response, { ms, until: response.socket ? clock.monotonic() + ms : undefined });
      passage.atEnd(() => onTheWay.delete(response));
      if (!looking) void look();
    },
  };
}
