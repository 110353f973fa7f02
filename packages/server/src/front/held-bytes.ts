import type { IncomingMessage } from 'node:http';
import type { Clock } from '../kernel/clock.ts';
import { rateLimited, requestTimedOut, unavailable } from '../kernel/errors.ts';
import type { Metrics } from '../kernel/metrics.ts';
import { createPaces } from '../kernel/pace.ts';
import type { Passage } from './passage.ts';

/**
 * Bytes of request bodies that the process holds at a time, of all doors together. A body, its text and what is parsed of it take some four
 * times as much: half a gigabyte at most, where each key alone could have 400 requests with several MiB each in progress.
 */
const TOTAL = 128 << 20;
/** Of it for all together whose signature or key was not found to be good yet. */
const STRANGERS_SHARE = 1 / 4;
/** Of what is still free, for one tenant, or one stranger's address: a quarter of the whole where it is alone. See {@link isWithin}. */
const OF_FREE = 1 / 3;

/**
 * Bytes of large bodies that one tenant, or one stranger's address, sends a second, and at once after a rest. To read and parse 1 MiB keeps the
 * event loop busy for 5 to 8 ms, and leaves as many MiB to collect: 16 a second are a tenth of the loop.
 */
const PACE = { perSecond: 16 << 20, burst: 4 << 20 };
/** A smaller body is not paced: the rate of requests and the shares of the processor bound what they take together. */
const PACED_BODY = 16 << 10;
/** A body that would have to wait longer is refused. */
const MAX_WAIT_MS = 10_000;

/**
 * Bytes of answers that wait for their clients to take them: ten messages of 1 MiB in each of 400 requests of one tenant would be 4 GB. An
 * answer that finds so much is not sent, and its client asks again; what it received stays hidden for its visibility timeout.
 */
const ANSWERS = 512 << 20;
/** Of what is still free, for the answers of one tenant: 192 MiB where it is alone. */
const ANSWERS_OF_FREE = 3 / 5;
/** A smaller answer is not counted: the number of requests is bounded too. */
const COUNTED_ANSWER = 16 << 10;

export interface HeldBytes {
  /** Counts an answer that is about to be sent, until its client has taken it. Throws RATE_LIMITED if those of the tenant take up their share, UNAVAILABLE if all together take up theirs. */
  answer(tenant: string, bytes: number, passage: Passage): void;
  /**
   * Counts the body that a request is about to bring, before it is read, until the request is over. Throws RATE_LIMITED if those of the same
   * tenant, or of the same stranger's address, take up their share, and UNAVAILABLE if all together take up theirs. Resolves when a large one
   * may be read; undefined: at once. Rejects if the client leaves before.
   */
  take(whose: 'tenant' | 'stranger', name: string, bytes: number, passage: Passage): Promise<void> | undefined;
}

/** What a request's body will take, as its head says: all that is allowed if it does not say, or if it is to be unpacked. */
export function bytesToCome(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  limit: number,
): number {
  if (headers['transfer-encoding'] !== undefined) return limit;
  const length = Number(headers['content-length'] ?? 0);
  if (length === 0) return 0;
  return headers['content-encoding'] === undefined ? Math.min(length, limit) : limit;
}

/** Whether its head does not say how large a body is. Of one that is to be unpacked, what comes is not what it costs. */
const isUnannounced = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined && headers['content-encoding'] === undefined;

/**
 * Whether somebody's bytes are few beside those that are free. The more of them take all they can, the less each of them gets, and there is always
 * some left for who comes last. Fixed shares would be used up by four, and one person may have as many tenants, or addresses.
 */
const isWithin = (ofFree: number, own: number, free: number): boolean => own <= free * ofFree;

export function createHeldBytes(clock: Clock, metrics: Pick<Metrics, 'gauge'>, total = TOTAL): HeldBytes {
  const STRANGERS = 'strangers';
  const paces = createPaces(clock, PACE);
  const held = new Map<string, number>();
  let all = 0;
  metrics.gauge(
    'thecloud_http_body_bytes',
    'Bytes of request bodies that are held in memory or on their way',
    () => all,
  );
  const add = (name: string, bytes: number) => {
    const sum = (held.get(name) ?? 0) + bytes;
    if (sum > 0) held.set(name, sum);
    else held.delete(name);
  };
  const hold = (name: string, bytes: number, passage: Passage) => {
    add(name, bytes);
    passage.atEnd(() => add(name, -bytes));
  };
  /** Milliseconds until a body may be read. What a client does not announce is counted when the request is over, by what came. */
  const paceOf = (name: string, bytes: number, passage: Passage): number => {
    if (bytes < PACED_BODY) return 0;
    const { request } = passage;
    if (!isUnannounced(request)) return paces(name, bytes);
    const before = request.socket.bytesRead;
    passage.atEnd(() => paces(name, Math.min(bytes, request.socket.bytesRead - before)));
    return paces(name, 0);
  };
  const wait = async (ms: number, passage: Passage): Promise<void> => {
    await clock.sleep(ms);
    if (passage.isOver) throw requestTimedOut('the client left');
  };
  return {
    answer(tenant, bytes, passage) {
      if (bytes < COUNTED_ANSWER || passage.isOver) return;
      const name = `answers ${tenant}`;
      const every = 'all answers';
      const own = held.get(name) ?? 0;
      if (!isWithin(ANSWERS_OF_FREE, own + bytes, ANSWERS - (held.get(every) ?? 0) - bytes))
        throw own > 0
          ? rateLimited(
              `answers of ${mebibytes(own)} of this tenant have not been read; read them before you ask for more`,
              1,
            )
          : unavailable('the platform has as many unread answers as it has memory for; try again');
      hold(name, bytes, passage);
      hold(every, bytes, passage);
    },
    take(whose, name, bytes, passage) {
      if (bytes === 0 || passage.isOver) return undefined;
      const own = `${whose} ${name}`;
      const ofWhom = whose === 'tenant' ? 'of this tenant' : 'from this address';
      const before = held.get(own) ?? 0;
      const free = total - all;
      const room = whose === 'tenant' ? free : Math.min(free, total * STRANGERS_SHARE - (held.get(STRANGERS) ?? 0));
      if (!isWithin(OF_FREE, before + bytes, room - bytes))
        throw before > 0
          ? rateLimited(
              `request bodies of ${mebibytes(before)} ${ofWhom} are in progress; wait for one to be answered`,
              1,
            )
          : unavailable('the platform is reading as many request bodies as it has memory for; try again');
      if (bytes >= PACED_BODY && paces(own, 0) > MAX_WAIT_MS)
        throw rateLimited(
          `large request bodies ${ofWhom} came faster than ${mebibytes(PACE.perSecond)} a second; send fewer at a time`,
          1,
        );
      const names = whose === 'stranger' ? [own, STRANGERS] : [own];
      for (const one of names) hold(one, bytes, passage);
      all += bytes;
      passage.atEnd(() => {
        all -= bytes;
      });
      const ms = paceOf(own, bytes, passage);
      return ms <= 0 ? undefined : wait(ms, passage);
    },
  };
}

const mebibytes = (bytes: number): string => `${Number((bytes / (1 << 20)).toFixed(1))} MiB`;
