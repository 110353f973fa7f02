// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import type { ApiKey } from './models.ts';

export interface KeysCreateInput {
  readonly name: string;
}

export interface KeysListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface KeysRevokeInput {
  readonly id: string;
}

export interface Keys {
  /**
   * Create an API key.
   * Returns the key and its AWS secret, which are never shown again. The quota is 50 keys per user and tenant by default; session keys do not count.
   * POST /auth/keys · permission identity:create
   */
  create(input: KeysCreateInput, options?: CallOptions & KeyOption): Promise<ApiKey>;
  /**
   * List your API keys in this tenant.
   * GET /auth/keys · permission identity:read
   */
  list(input?: KeysListInput, options?: CallOptions): Promise<Page<ApiKey>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: KeysListInput, options?: CallOptions): AsyncGenerator<ApiKey, void, undefined>;
  /**
   * Revoke an API key.
   * The key stops working within a second. If several keys have this name, use the id.
   * DELETE /auth/keys/:id · permission identity:delete
   */
  revoke(input: KeysRevokeInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<void>;
}

const SPECS = {
  create: {"name":"keys.create","method":"POST","path":"/auth/keys","idempotent":true},
  list: {"name":"keys.list","method":"GET","path":"/auth/keys"},
  revoke: {"name":"keys.revoke","method":"DELETE","path":"/auth/keys/:id","idempotent":true},
} as const;

export function createKeys(transport: Transport): Keys {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    revoke: (input, options) => transport.call(SPECS.revoke, typeof input === 'string' ? { id: input } : { ...input }, options),
  };
}
