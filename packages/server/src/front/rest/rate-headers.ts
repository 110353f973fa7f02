import type { FastifyReply } from 'fastify';
import type { Left, TokenBucket } from '../../kernel/token-bucket.ts';
import { takeFrom } from '../limits.ts';

/**
 * Takes a request from the bucket and tells what is left of it, unless the answer tells of a bucket `told` that will be empty first. Throws
 * what {@link takeFrom} throws.
 */
export function spend(reply: FastifyReply, bucket: TokenBucket, whose: string, told?: TokenBucket): void {
  try {
    takeFrom(bucket, whose);
  } catch (error) {
    tellLeft(reply, bucket.left());
    throw error;
  }
  const left = bucket.left();
  if (told === undefined || left.remaining < told.left().remaining) tellLeft(reply, left);
}

/**
 * `RateLimit-Limit` (requests at once), `-Remaining` (requests left now) and `-Reset` (seconds until all are back), as in
 * draft-ietf-httpapi-ratelimit-headers-06: clients read these plain numbers, while the structured fields of later drafts are hardly read
 * by any.
 */
function tellLeft(reply: FastifyReply, { limit, remaining, fullAfter }: Left): void {
  void reply.headers({
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(fullAfter),
  });
}
