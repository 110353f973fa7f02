// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { SearchResult } from './models.ts';

export interface SearchFindInput {
  /** Part of a name or of an id */
  readonly q: string;
  /** Only resources of this kind: instance, vpc … */
  readonly kind?: string | undefined;
  /** Maximum number of results; default 20 */
  readonly limit?: number | undefined;
}

export interface Search {
  /**
   * Search the resources of the tenant.
   * Finds resources of all kinds that you may read: by the beginning of the name, by a part of the id of at least 8 digits, and, among the newest 1,000 of each kind, by any part of the name. Case does not matter. The best come first, and what is being deleted is left out.
   * GET /search · scope user
   */
  find(input: SearchFindInput, options?: CallOptions): Promise<Page<SearchResult>>;
  /** All of them, page by page as they are asked for. */
  findAll(input: SearchFindInput, options?: CallOptions): AsyncGenerator<SearchResult, void, undefined>;
}

const SPECS = {
  find: {"name":"search.find","method":"GET","path":"/search"},
} as const;

export function createSearch(transport: Transport): Search {
  return {
    find: (input, options) => transport.page(SPECS.find, { ...input }, options),
    findAll: (input, options) => listAll(transport, SPECS.find, { ...input }, options),
  };
}
