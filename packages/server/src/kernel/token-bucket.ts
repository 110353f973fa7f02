import type { Clock } from './clock.ts';

export interface TokenBucket {
  /** Takes one token; false when there is none. */
  take(): boolean;
  /** Gives one back that turned out not to be owed. */
  give(): void;
  /** Takes so many, also those that are not there: they are owed, and nothing is there until they have come. */
  spend(amount: number): void;
  /** Seconds until the next token, rounded up. */
  retryAfter(): number;
  /** What there is of it, for who wants to know before it is empty. */
  left(): Left;
}

export interface Left {
  /** Most tokens that it holds. */
  readonly limit: number;
  /** Whole tokens that it holds now. */
  readonly remaining: number;
  /** Seconds until it is full, rounded up, if nothing is taken. */
  readonly fullAfter: number;
}

export function createTokenBucket(
  clock: Clock,
  rate: { readonly perSecond: number; readonly burst: number },
): TokenBucket {
  let tokens = rate.burst;
  let at = clock.monotonic();
  const refill = () => {
    const now = clock.monotonic();
    tokens = Math.min(rate.burst, tokens + ((now - at) / 1000) * rate.perSecond);
    at = now;
  };
  return {
    take() {
      refill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    spend(amount) {
      refill();
      tokens -= amount;
    },
    give() {
      tokens = Math.min(rate.burst, tokens + 1);
    },
    retryAfter() {
      refill();
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / rate.perSecond);
    },
    left() {
      refill();
      const fullAfter = Math.ceil((rate.burst - tokens) / rate.perSecond);
      return { limit: rate.burst, remaining: Math.floor(tokens), fullAfter };
    },
  };
}

export interface TokenBuckets {
  of(key: string): TokenBucket;
  /** The bucket of a key that has one. */
  known(key: string): TokenBucket | undefined;
  /** From now on `key` is another name of what has the bucket of `other`. */
  join(key: string, other: string): TokenBucket;
}

/** A bucket for each key (an address, a key id), at most `maxKeys` of them; the longest unused goes first. */
export function createTokenBuckets(
  clock: Clock,
  rate: { readonly perSecond: number; readonly burst: number },
  maxKeys = 10_000,
): TokenBuckets {
  const buckets = new Map<string, TokenBucket>();
  const known = (key: string): TokenBucket | undefined => {
    const bucket = buckets.get(key);
    if (bucket) {
      buckets.delete(key);
      buckets.set(key, bucket);
    }
    return bucket;
  };
  const add = (key: string, bucket: TokenBucket): TokenBucket => {
    if (buckets.size >= maxKeys && !buckets.has(key)) buckets.delete(buckets.keys().next().value!);
    buckets.set(key, bucket);
    return bucket;
  };
  const of = (key: string): TokenBucket => known(key) ?? add(key, createTokenBucket(clock, rate));
  return { known, of, join: (key, other) => add(key, of(other)) };
}
