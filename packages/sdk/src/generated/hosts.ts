// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { Host } from './models.ts';

export interface HostsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface Hosts {
  /**
   * List hosts.
   * GET /operator/hosts · scope operator
   */
  list(input?: HostsListInput, options?: CallOptions): Promise<Page<Host>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: HostsListInput, options?: CallOptions): AsyncGenerator<Host, void, undefined>;
}

const SPECS = {
  list: {"name":"hosts.list","method":"GET","path":"/operator/hosts"},
} as const;

export function createHosts(transport: Transport): Hosts {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
  };
}
