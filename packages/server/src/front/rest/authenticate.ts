import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../kernel/caller.ts';
import { CloudError, rateLimited, unauthorized } from '../../kernel/errors.ts';
import type { TokenBucket, TokenBuckets } from '../../kernel/token-bucket.ts';
import type { Authenticator, Freshness } from '../../services/identity/index.ts';

/** The key of a request: `X-API-Key`, or `Authorization: Bearer`. */
export function keyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const authorization = request.headers.authorization;
  if (authorization === undefined) return undefined;
  const match = /^Bearer\s+(\S+)$/i.exec(authorization);
  if (!match) throw unauthorized('the Authorization header must read: Bearer <API key>');
  return match[1];
}

/** The caller's address: what a trusted proxy says, where that is an address, or else the other end of the connection. */
export function addressOf(request: FastifyRequest): string {
  // 45 characters are the longest address; a zone behind it could be of any length.
  return isIP(request.ip) && request.ip.length <= 45 ? request.ip : (request.raw.socket.remoteAddress ?? 'unknown');
}

export interface KeyLimits {
  /** Of each key that was good once. */
  readonly perKey: TokenBuckets;
  /** Of each address, for keys that were not good yet: made-up ones find no bucket of their own, and throw nobody's out. */
  readonly strangers: TokenBuckets;
}

/**
 * Who calls, within the limits of rate. Throws RATE_LIMITED before the key is looked up, else what the authenticator throws. `onLookup`
 * hears what came of a look-up.
 */
export async function callerOf(
  request: FastifyRequest,
  authenticator: Authenticator,
  limits: KeyLimits,
  freshness: Freshness,
  onLookup: (result: 'success' | 'failure' | 'anonymous') => void = () => undefined,
): Promise<Caller> {
  const address = addressOf(request);
  const key = keyOf(request);
  if (key === undefined) {
    takeFrom(limits.perKey.of(address));
    onLookup('anonymous');
    return { kind: 'anonymous' };
  }
  const own = limits.perKey.known(key);
  const stranger = own ? undefined : limits.strangers.of(address);
  takeFrom(own ?? stranger!);
  const tenant = request.headers['x-tenant-id'];
  try {
    const caller = await authenticator.authenticate(
      key,
      typeof tenant === 'string' && tenant !== '' ? tenant : undefined,
      freshness,
    );
    onLookup('success');
    stranger?.give();
    if (stranger) limits.perKey.of(key).take();
    return caller;
  } catch (error) {
    onLookup('failure');
    // That it could not be looked up is no fault of the caller.
    if (!(error instanceof CloudError) || error.status >= 500) stranger?.give();
    throw error;
  }
}

export function takeFrom(bucket: TokenBucket): void {
  if (!bucket.take()) throw rateLimited('too many requests; slow down', Math.max(1, bucket.retryAfter()));
}
