import type { ClientOptions, Transport } from './call.ts';
import { createServices, type Services } from './generated/services.ts';
import { createTransport } from './transport.ts';

export type {
  AllOptions,
  CallOptions,
  CallSpec,
  ClientOptions,
  Input,
  KeyOption,
  Page,
  RawAnswer,
  RawRequest,
  SocketTarget,
  Transport,
  VersionOption,
  WaitOption,
} from './call.ts';
export { outputBytes, stdinBytes } from './bytes.ts';
export {
  CloudApiError,
  CloudConnectionError,
  CloudWaitError,
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  QuotaExceededError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
  UnavailableError,
} from './errors.ts';
export { consume, type ConsumeOptions, type ReceivedMessage } from './consuming.ts';
export type * from './generated/services.ts';
export { type FollowOptions, followEvents, type StreamedEvent } from './following.ts';
export { listAll } from './paging.ts';
export { createTransport } from './transport.ts';
export { type WaitUntilOptions, waitUntil, waitUntilGone } from './waiting.ts';

export interface Client extends Services {
  /** For requests that no operation describes. */
  readonly transport: Transport;
}

/**
 * A client of one platform: `client.instances.launch({ name: 'web', image: 'busybox' }, { wait: 30 })`. It holds no connection that must be
 * closed. Every call throws CloudApiError (the server refused), CloudConnectionError (no answer), or the reason of its `signal`.
 */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);
  return { ...createServices(transport), transport };
}
