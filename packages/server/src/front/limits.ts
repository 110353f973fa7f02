import type { Clock } from '../kernel/clock.ts';
import { rateLimited } from '../kernel/errors.ts';
import { createTokenBuckets, type TokenBucket, type TokenBuckets } from '../kernel/token-bucket.ts';

/** Largest request body that is read as a whole. */
export const BODY_LIMIT = 1024 * 1024;
/** A request that is not whole after this long is ended. */
export const REQUEST_TIMEOUT_MS = 30_000;

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What an address may try of keys that were not good yet. A program whose key was revoked stays below it; so many look-ups cost little. */
const STRANGERS: Rate = { perSecond: 100, burst: 300 };

/** Requests a second, counted for all doors together. */
export interface Rates {
  /** Of each key that was good once. */
  readonly perKey: TokenBuckets;
  /** Of each address, for keys that were not good yet: made-up ones find no bucket of their own, and throw nobody's out. */
  readonly strangers: TokenBuckets;
  /** Of each address, for what is open to anybody. */
  readonly perAddress: TokenBuckets;
}

export const createRates = (clock: Clock, rates: { readonly perKey: Rate; readonly perAddress: Rate }): Rates => ({
  perKey: createTokenBuckets(clock, rates.perKey),
  strangers: createTokenBuckets(clock, STRANGERS),
  perAddress: createTokenBuckets(clock, rates.perAddress),
});

export function takeFrom(bucket: TokenBucket): void {
  if (!bucket.take()) throw rateLimited('too many requests; slow down', Math.max(1, bucket.retryAfter()));
}
