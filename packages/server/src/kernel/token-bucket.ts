import type { Clock } from './clock.ts';

export interface TokenBucket {
  /** Takes one token; false when there is none. */
  take(): boolean;
  /** Seconds until the next token, rounded up. */
  retryAfter(): number;
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
    retryAfter() {
      refill();
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / rate.perSecond);
    },
  };
}

/** A bucket for each key (an address, a key id), at most `maxKeys` of them; the longest unused goes first. */
export function createTokenBuckets(
  clock: Clock,
  rate: { readonly perSecond: number; readonly burst: number },
  maxKeys = 10_000,
): { of(key: string): TokenBucket } {
  const buckets = new Map<string, TokenBucket>();
  return {
    of(key) {
      const known = buckets.get(key);
      const bucket = known ?? createTokenBucket(clock, rate);
      if (known) buckets.delete(key);
      else if (buckets.size >= maxKeys) buckets.delete(buckets.keys().next().value!);
      buckets.set(key, bucket);
      return bucket;
    },
  };
}
