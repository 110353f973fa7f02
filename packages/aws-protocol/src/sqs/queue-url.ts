import type { Operation } from '../model/schema.ts';
import { splitUrl, type WireRequest } from '../request.ts';

/**
 * The parameters of an SQS query call, with the queue that its URL names where no `QueueUrl` does: AWS documents calls on
 * the queue's own URL. The URL is the one that the client used, so a handler that compares should go by its path.
 */
export function withQueueUrl(
  operation: Operation,
  request: WireRequest,
  pairs: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const { path } = splitUrl(request.url);
  if (!/^\/[^/]+\/[^/]+$/.test(path) || !operation.input?.byName.has('QueueUrl')) return pairs;
  if (pairs.some(([name]) => name === 'QueueUrl')) return pairs;
  return [...pairs, ['QueueUrl', `${request.scheme ?? 'http'}://${request.headers['host'] ?? ''}${path}`]];
}
