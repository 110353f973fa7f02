// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { StuckWork, WorkOfKind } from './models.ts';

export interface WorkListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface WorkStuckInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Minimum number of failed attempts in a row; default 5 */
  readonly attempts?: number | undefined;
}

export interface WorkRetryInput {
  /** instance, vpc … */
  readonly kind: string;
  readonly id: string;
}

export interface Work {
  /**
   * List background work by kind.
   * Shows what waits, runs and fails, and when each sweep last ran. If work waits for long, look at the worker.
   * GET /operator/work · scope operator
   */
  list(input?: WorkListInput, options?: CallOptions): Promise<Page<WorkOfKind>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: WorkListInput, options?: CallOptions): AsyncGenerator<WorkOfKind, void, undefined>;
  /**
   * List stuck work.
   * Lists resources whose last attempts failed and are being retried, that were given up, or whose deletion does not end; most failed attempts first. `advice` says what you can do.
   * GET /operator/work/stuck · scope operator
   */
  stuck(input?: WorkStuckInput, options?: CallOptions): Promise<Page<StuckWork>>;
  /** All of them, page by page as they are asked for. */
  stuckAll(input?: WorkStuckInput, options?: CallOptions): AsyncGenerator<StuckWork, void, undefined>;
  /**
   * Retry stuck work now.
   * Starts the next attempt immediately instead of after the back-off.
   * POST /operator/work/:kind/:id/retry · scope operator · errors NOT_FOUND
   */
  retry(input: WorkRetryInput, options?: CallOptions): Promise<StuckWork>;
}

const SPECS = {
  list: {"name":"work.list","method":"GET","path":"/operator/work"},
  stuck: {"name":"work.stuck","method":"GET","path":"/operator/work/stuck"},
  retry: {"name":"work.retry","method":"POST","path":"/operator/work/:kind/:id/retry"},
} as const;

export function createWork(transport: Transport): Work {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    stuck: (input, options) => transport.page(SPECS.stuck, { ...input }, options),
    stuckAll: (input, options) => listAll(transport, SPECS.stuck, { ...input }, options),
    retry: (input, options) => transport.call(SPECS.retry, { ...input }, options),
  };
}
