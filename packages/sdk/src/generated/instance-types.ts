// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { InstanceType } from './models.ts';

export interface InstanceTypesListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface InstanceTypes {
  /**
   * List instance types.
   * GET /instance-types · permission instance:read
   */
  list(input?: InstanceTypesListInput, options?: CallOptions): Promise<Page<InstanceType>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: InstanceTypesListInput, options?: CallOptions): AsyncGenerator<InstanceType, void, undefined>;
}

const SPECS = {
  list: {"name":"instance-types.list","method":"GET","path":"/instance-types"},
} as const;

export function createInstanceTypes(transport: Transport): InstanceTypes {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
  };
}
