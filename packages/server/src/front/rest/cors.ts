import type { FastifyInstance } from 'fastify';

/** What a page may send beside what browsers always send. */
const ASKED = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'last-event-id',
  'x-api-key',
  'x-request-id',
  'x-tenant-id',
];
/** What a page may read of an answer beside what browsers always show. */
const SHOWN = [
  'allow',
  'etag',
  'idempotency-replayed',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'x-request-id',
];
const METHODS = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'];
/** Seconds for which a browser need not ask again. */
const MAX_AGE = 600;

/**
 * Lets pages of these origins call the API from a browser (CORS); any other page's script reads no answer. The contract would let in every
 * page, with credentials; ours are listed, and must know a key: the console's cookie counts only with a header that none of them may send.
 * Add it before what answers OPTIONS.
 */
export function addCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  app.addHook('onRequest', async (request, reply) => {
    // Also of who is not allowed: a cache must not give one origin's answer to another.
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return;
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': SHOWN.join(', ') });
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
    reply.headers({
      'access-control-allow-methods': METHODS.join(', '),
      'access-control-allow-headers': ASKED.join(', '),
      'access-control-max-age': String(MAX_AGE),
    });
  });
}
