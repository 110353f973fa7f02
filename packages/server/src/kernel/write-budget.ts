import { type Caller, tenantIdOf, userIdOf } from './caller.ts';
import type { Clock } from './clock.ts';
import { rateLimited } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { Entry } from './registry.ts';
import { createTokenBuckets } from './token-bucket.ts';

/**
 * Bytes of an audit row's and an event's own words that are one write. Most writes have fewer; with columns and indexes, a write is about 2 KiB on
 * the disk.
 */
const BYTES_OF_ONE = 1024;
/** What may be written at once, as a part of a day's budget. */
const BURST = 1 / 10;
const SECONDS_OF_A_DAY = 86_400;
/** Budgets that are remembered; one that is forgotten is a whole one. */
const MOST_BUDGETS = 100_000;

/**
 * How much each tenant may add to the audit trail and the events. What is about a user counts for the user: a colleague cannot use up what a person
 * needs to log out. Each process counts for itself.
 */
export interface WriteBudget {
  /** Throws RATE_LIMITED, with the time of the next write, when the budget is used up. Deletions go on: they free room. */
  require(entry: Entry, caller: Caller): void;
  /** Counts a write that was made, by the bytes of its own words. */
  spend(entry: Entry, caller: Caller, bytes: number): void;
}

export function createWriteBudget(clock: Clock, metrics: Metrics, perDay: number): WriteBudget {
  const rate = { perSecond: perDay / SECONDS_OF_A_DAY, burst: Math.max(1, perDay * BURST) };
  const buckets = createTokenBuckets(clock, rate, MOST_BUDGETS);
  const grown = metrics.counters(
    'thecloud_trail_bytes_total',
    'Bytes of input and changes written to the audit trail and the events, by the noun of the operation',
    'resource',
  );
  const refused = metrics.counters(
    'thecloud_writes_refused_total',
    'Calls refused because the write budget of their tenant was used up, by the noun of the operation',
    'resource',
  );
  const bucketOf = ({ scope }: Entry, caller: Caller) => {
    // Who runs the platform is trusted with its disk; what is open to anybody is limited by address.
    if (scope === 'operator' || scope === 'public') return undefined;
    return buckets.of(scope === 'tenant' ? tenantIdOf(caller)! : userIdOf(caller));
  };
  return {
    require(entry, caller) {
      const bucket = bucketOf(entry, caller);
      if (!bucket || entry.descriptor.effect === 'delete' || bucket.retryAfter() === 0) return;
      refused(entry.resource);
      const seconds = bucket.retryAfter();
      throw rateLimited(
        `${entry.scope === 'tenant' ? 'this tenant has' : 'you have'} changed more than ${Math.floor(rate.burst)} things in a short time, and ${perDay} a day is the limit; try again in ${seconds} s, or ask the operator of the platform to raise CLOUD_WRITES_PER_DAY`,
        seconds,
      );
    },
    spend(entry, caller, bytes) {
      grown(entry.resource, bytes);
      bucketOf(entry, caller)?.spend(1 + Math.floor(bytes / BYTES_OF_ONE));
    },
  };
}
