import type { Clock } from '../kernel/clock.ts';
import { rateLimited } from '../kernel/errors.ts';
import { sourceOf } from '../kernel/source.ts';
import { createTokenBuckets, type TokenBucket, type TokenBuckets } from '../kernel/token-bucket.ts';

/** Of a request at the AWS door. */
export const AWS_LIMITS = {
  /** Of a body, unless its service needs more. The largest input has 1,000 ids and 200 values of filters, some 100 KiB of a form. */
  bodyBytes: 256 << 10,
  /** Of a request's target, and of its headers together: a presigned URL with a long session token has 4 KiB. */
  headerBytes: 16 << 10,
  /**
   * Parameters of a form, and a tenth of the values of JSON. AWS's largest have 1,000 ids and 200 values of filters. The library's own bound, 100,000, is
   * for tables of DynamoDB, and costs 200 ms.
   */
  nodes: 2_000,
};
/** Milliseconds of a connection, at both doors. */
export const HTTP_LIMITS = {
  /** A request's head that is not whole by then ends its connection. */
  headersTimeout: 10_000,
  /** A request that is not whole by then is ended. */
  requestTimeout: 30_000,
  /** How often such requests are looked for. */
  connectionsCheckingInterval: 2_000,
  /** Clients that poll keep theirs. */
  keepAliveTimeout: 72_000,
};

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What an address may try of keys that were not good yet. A program whose key was revoked stays below it; so many look-ups cost little. */
const STRANGERS: Rate = { perSecond: 100, burst: 300 };

/** What an address may ask of pages, files, health and what is not there. A page of the console has some 30 files, and a browser keeps most of them. */
const OPEN: Rate = { perSecond: 300, burst: 1_500 };

/** Requests a second, counted for all doors together. */
export interface Rates {
  /** Of each key that was good once. */
  readonly perKey: TokenBuckets;
  /** The tenant in which the key of a bucket was good last. */
  readonly tenantOf: WeakMap<TokenBucket, string>;
  /** Of each tenant, all its keys together: many keys do not multiply its rate. */
  readonly perTenant: TokenBuckets;
  /** Of each address, for no key and for keys that were not good yet: made-up ones find no bucket of their own, and throw nobody's out. */
  readonly strangers: AddressBuckets;
  /** Of each address, for registrations, logins and the like. */
  readonly perAddress: AddressBuckets;
  /** Of each address, for what is no operation. */
  readonly open: AddressBuckets;
}

/** A bucket for each source: see {@link sourceOf}. */
export interface AddressBuckets {
  of(address: string): TokenBucket;
}

const byAddress = (buckets: TokenBuckets): AddressBuckets => ({ of: (address) => buckets.of(sourceOf(address)) });

/** What all keys of a tenant may ask together, as a multiple of what one may: a key that runs wild leaves its colleagues as much again. */
const KEYS_PER_TENANT = 2;

export const createRates = (clock: Clock, rates: { readonly perKey: Rate; readonly perAddress: Rate }): Rates => ({
  perKey: createTokenBuckets(clock, rates.perKey),
  tenantOf: new WeakMap(),
  perTenant: createTokenBuckets(clock, {
    perSecond: rates.perKey.perSecond * KEYS_PER_TENANT,
    burst: rates.perKey.burst * KEYS_PER_TENANT,
  }),
  strangers: byAddress(createTokenBuckets(clock, STRANGERS)),
  perAddress: byAddress(createTokenBuckets(clock, rates.perAddress)),
  open: byAddress(createTokenBuckets(clock, OPEN)),
});

/** Throws RATE_LIMITED with the time of the next token when the bucket is empty. `whose` requests they are is said in the message. */
export function takeFrom(bucket: TokenBucket, whose = ''): void {
  if (bucket.take()) return;
  const { limit } = bucket.left();
  const seconds = Math.max(1, bucket.retryAfter());
  throw rateLimited(
    `too many requests${whose === '' ? '' : ` ${whose}`}: at most ${limit} at once; try again in ${seconds} s`,
    seconds,
  );
}
