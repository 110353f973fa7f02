import type { Metrics } from '../kernel/metrics.ts';
import { rateLimited, unavailable } from '../kernel/errors.ts';
import type { Passage } from './passage.ts';

/**
 * Bytes of request bodies that the process holds at a time, of all doors together. A body, its text and what is parsed of it take some four
 * times as much: half a gigabyte at most, where each key alone could have 400 requests with several MiB each in progress.
 */
const TOTAL = 128 << 20;
/** Of the total for one tenant: three who send all they can leave room for the others. */
const TENANT_SHARE = 1 / 4;
/** For all together whose signature or key was not found to be good yet, and for one address of them. */
const STRANGERS_SHARE = 1 / 4;
const STRANGER_SHARE = 1 / 16;

/**
 * Bytes of answers that wait for their clients to take them, of one tenant: ten messages of 1 MiB in each of 400 requests would be 4 GB. An
 * answer that finds so much is not sent, and its client asks again; what it received stays hidden for its visibility timeout.
 */
const ANSWERS_OF_TENANT = 192 << 20;
/** Of all tenants together. */
const ANSWERS = 512 << 20;
/** A smaller answer is not counted: the number of requests is bounded too. */
const COUNTED_ANSWER = 16 << 10;

export interface HeldBytes {
  /** Counts an answer that is about to be sent, until its client has taken it. Throws RATE_LIMITED if those of the tenant take up their share, UNAVAILABLE if all together take up theirs. */
  answer(tenant: string, bytes: number, passage: Passage): void;
  /**
   * Counts the body that a request is about to bring, before it is read, until the request is over. Throws RATE_LIMITED if those of the same
   * tenant, or of the same stranger's address, take up their share, and UNAVAILABLE if all together take up theirs.
   */
  take(whose: 'tenant' | 'stranger', name: string, bytes: number, passage: Passage): void;
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

export function createHeldBytes(metrics: Pick<Metrics, 'gauge'>, total = TOTAL): HeldBytes {
  const STRANGERS = 'strangers';
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
  const isFull = (name: string, bytes: number, share: number) => (held.get(name) ?? 0) + bytes > total * share;
  const hold = (name: string, bytes: number, passage: Passage) => {
    add(name, bytes);
    passage.atEnd(() => add(name, -bytes));
  };
  return {
    answer(tenant, bytes, passage) {
      if (bytes < COUNTED_ANSWER || passage.isOver) return;
      const name = `answers ${tenant}`;
      const every = 'all answers';
      if ((held.get(name) ?? 0) >= ANSWERS_OF_TENANT)
        throw rateLimited(
          `answers of ${mebibytes(ANSWERS_OF_TENANT)} of this tenant have not been read; read them before you ask for more`,
          1,
        );
      if ((held.get(every) ?? 0) >= ANSWERS)
        throw unavailable('the platform has as many unread answers as it has memory for; try again');
      hold(name, bytes, passage);
      hold(every, bytes, passage);
    },
    take(whose, name, bytes, passage) {
      if (bytes === 0 || passage.isOver) return;
      const own = `${whose} ${name}`;
      const share = whose === 'tenant' ? TENANT_SHARE : STRANGER_SHARE;
      if (isFull(own, bytes, share))
        throw rateLimited(
          `request bodies of ${mebibytes(total * share)} ${whose === 'tenant' ? 'of this tenant' : 'from this address'} are in progress; wait for one to be answered`,
          1,
        );
      if (all + bytes > total || (whose === 'stranger' && isFull(STRANGERS, bytes, STRANGERS_SHARE)))
        throw unavailable('the platform is reading as many request bodies as it has memory for; try again');
      const names = whose === 'stranger' ? [own, STRANGERS] : [own];
      for (const one of names) hold(one, bytes, passage);
      all += bytes;
      passage.atEnd(() => {
        all -= bytes;
      });
    },
  };
}

const mebibytes = (bytes: number): string => `${Number((bytes / (1 << 20)).toFixed(1))} MiB`;
