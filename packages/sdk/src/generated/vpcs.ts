// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption, WaitOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { NetworkInterface, Vpc } from './models.ts';

export interface VpcsCreateInput {
  /** Unique in the tenant; must not look like an id */
  readonly name: string;
  /** RFC 1918, /16 to /28; default 10.0.0.0/16 */
  readonly cidr_block?: string | undefined;
}

export interface VpcsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only resources with one of these ids or EC2 ids */
  readonly id?: readonly string[] | undefined;
}

export interface VpcsGetInput {
  /** Id or name */
  readonly id: string;
}

export interface VpcsInterfacesInput {
  /** Id or name */
  readonly id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface VpcsUpdateInput {
  /** Id or name */
  readonly id: string;
  /** Unique in the tenant; must not look like an id */
  readonly name: string;
}

export interface VpcsDeleteInput {
  /** Id or name */
  readonly id: string;
  /** Reserved: will also delete its load balancers and auto-scaling groups; has no effect today */
  readonly force?: boolean | undefined;
}

export interface VpcsDeleteOutput {
  readonly message: string;
}

export interface Vpcs {
  /**
   * Create a VPC.
   * Creates a private network. Its addresses may overlap with those of other VPCs; no packet crosses between VPCs.
   * POST /vpcs · permission vpc:create
   */
  create(input: VpcsCreateInput, options?: CallOptions & WaitOption & KeyOption): Promise<Vpc>;
  /**
   * List VPCs.
   * GET /vpcs · permission vpc:read
   */
  list(input?: VpcsListInput, options?: CallOptions): Promise<Page<Vpc>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: VpcsListInput, options?: CallOptions): AsyncGenerator<Vpc, void, undefined>;
  /**
   * Get a VPC.
   * GET /vpcs/:id · permission vpc:read
   */
  get(input: VpcsGetInput | string, options?: CallOptions & WaitOption): Promise<Vpc>;
  /**
   * List what is in a VPC.
   * Each network interface with its addresses, its names and the resource that it belongs to, in the order of addresses.
   * GET /vpcs/:id/interfaces · permission vpc:read
   */
  interfaces(input: VpcsInterfacesInput | string, options?: CallOptions): Promise<Page<NetworkInterface>>;
  /** All of them, page by page as they are asked for. */
  interfacesAll(input: VpcsInterfacesInput | string, options?: CallOptions): AsyncGenerator<NetworkInterface, void, undefined>;
  /**
   * Rename a VPC.
   * PATCH /vpcs/:id · permission vpc:update
   */
  update(input: VpcsUpdateInput, options?: CallOptions & KeyOption & VersionOption): Promise<Vpc>;
  /**
   * Delete a VPC.
   * Refused while the VPC contains resources. It shows the status DELETING until its network is gone.
   * DELETE /vpcs/:id · permission vpc:delete
   */
  delete(input: VpcsDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<VpcsDeleteOutput>;
  /** Looks until `isDone`, by default until status is active, error. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Vpc) => boolean, options?: WaitUntilOptions<Vpc>): Promise<Vpc>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<Vpc>): Promise<void>;
}

const SPECS = {
  create: {"name":"vpcs.create","method":"POST","path":"/vpcs","idempotent":true,"settles":{"field":"status","values":["active","error"],"reader":"get"}},
  list: {"name":"vpcs.list","method":"GET","path":"/vpcs"},
  get: {"name":"vpcs.get","method":"GET","path":"/vpcs/:id","settles":{"field":"status","values":["active","error"],"reader":"get"}},
  interfaces: {"name":"vpcs.interfaces","method":"GET","path":"/vpcs/:id/interfaces"},
  update: {"name":"vpcs.update","method":"PATCH","path":"/vpcs/:id","idempotent":true},
  delete: {"name":"vpcs.delete","method":"DELETE","path":"/vpcs/:id","idempotent":true},
} as const;

export function createVpcs(transport: Transport): Vpcs {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    interfaces: (input, options) => transport.page(SPECS.interfaces, typeof input === 'string' ? { id: input } : { ...input }, options),
    interfacesAll: (input, options) => listAll(transport, SPECS.interfaces, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Vpc>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<Vpc>(transport, SPECS.get, id, options),
  };
}
