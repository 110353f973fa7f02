import type { FastifyReply } from 'fastify';
import type { TokenBucket } from '../../kernel/token-bucket.ts';
import { takeFrom } from '../limits.ts';

/** Takes a request from the bucket, and tells what is left of it. Throws what {@link takeFrom} throws. */
export function spend(reply: FastifyReply, bucket: TokenBucket, whose?: string): void {
  try {
    takeFrom(bucket, whose);
  } finally {
    tellLeft(reply, bucket);
  }
}

/**
 * `RateLimit-Limit` (requests at once), `-Remaining` (requests left now) and `-Reset` (seconds until all are back), as in
 * draft-ietf-httpapi-ratelimit-headers-06: clients read these plain numbers, while the structured fields of later drafts are hardly read
 * by any. A request that counts in several buckets tells of the one that will be empty first.
 */
function tellLeft(reply: FastifyReply, bucket: TokenBucket): void {
  const { limit, remaining, fullAfter } = bucket.left();
  const told = reply.getHeader('ratelimit-remaining');
  if (told !== undefined && Number(told) <= remaining) return;
  void reply.headers({
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(fullAfter),
  });
}
