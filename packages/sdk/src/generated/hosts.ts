// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { Host } from './models.ts';

export interface HostsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface HostsGetInput {
  /** Id or name */
  readonly id: string;
}

export interface HostsDrainInput {
  /** Id or name */
  readonly id: string;
}

export interface HostsUndrainInput {
  /** Id or name */
  readonly id: string;
}

export interface HostsUpdateInput {
  /** Id or name */
  readonly id: string;
  /** Most processors of it for instances */
  readonly limit_vcpus?: number | undefined;
  /** Most MB of memory of it for instances */
  readonly limit_memory_mb?: number | undefined;
  /** Most GB of disk of it for instances */
  readonly limit_disk_gb?: number | undefined;
  /** virtual CPUs to allocate for each real one */
  readonly overcommit_cpu?: number | undefined;
  /** bytes of memory to allocate for each real one */
  readonly overcommit_memory?: number | undefined;
  /** bytes of disk to allocate for each real one */
  readonly overcommit_disk?: number | undefined;
}

export interface HostsResetCapacityInput {
  /** Id or name */
  readonly id: string;
}

export interface Hosts {
  /**
   * List hosts.
   * GET /operator/hosts · scope operator
   */
  list(input?: HostsListInput, options?: CallOptions): Promise<Page<Host>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: HostsListInput, options?: CallOptions): AsyncGenerator<Host, void, undefined>;
  /**
   * Get a host.
   * GET /operator/hosts/:id · scope operator
   */
  get(input: HostsGetInput | string, options?: CallOptions): Promise<Host>;
  /**
   * Drain a host.
   * It takes no launches from now on. Its instances stay and can be stopped, started and deleted.
   * POST /operator/hosts/:id/drain · scope operator
   */
  drain(input: HostsDrainInput | string, options?: CallOptions & VersionOption): Promise<Host>;
  /**
   * Let a drained host take launches again.
   * POST /operator/hosts/:id/undrain · scope operator
   */
  undrain(input: HostsUndrainInput | string, options?: CallOptions & VersionOption): Promise<Host>;
  /**
   * Set how much of a host instances may have.
   * Holds from the next report of its worker, within 5 s. Existing instances stay, also if they have more. What you do not pass stays as it is.
   * PATCH /operator/hosts/:id · scope operator
   */
  update(input: HostsUpdateInput | string, options?: CallOptions & VersionOption): Promise<Host>;
  /**
   * Give instances all of a host again.
   * Forgets the limits and the overcommit that you set: the worker's measurements and settings hold.
   * POST /operator/hosts/:id/reset-capacity · scope operator
   */
  resetCapacity(input: HostsResetCapacityInput | string, options?: CallOptions & VersionOption): Promise<Host>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Host) => boolean, options?: WaitUntilOptions<Host>): Promise<Host>;
}

const SPECS = {
  list: {"name":"hosts.list","method":"GET","path":"/operator/hosts"},
  get: {"name":"hosts.get","method":"GET","path":"/operator/hosts/:id"},
  drain: {"name":"hosts.drain","method":"POST","path":"/operator/hosts/:id/drain"},
  undrain: {"name":"hosts.undrain","method":"POST","path":"/operator/hosts/:id/undrain"},
  update: {"name":"hosts.update","method":"PATCH","path":"/operator/hosts/:id"},
  resetCapacity: {"name":"hosts.resetCapacity","method":"POST","path":"/operator/hosts/:id/reset-capacity"},
} as const;

export function createHosts(transport: Transport): Hosts {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    drain: (input, options) => transport.call(SPECS.drain, typeof input === 'string' ? { id: input } : { ...input }, options),
    undrain: (input, options) => transport.call(SPECS.undrain, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    resetCapacity: (input, options) => transport.call(SPECS.resetCapacity, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Host>(transport, SPECS.get, id, isDone, options),
  };
}
