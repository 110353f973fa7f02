// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { ApiKey } from './models.ts';

export interface MemberKeysListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only keys of this member */
  readonly user_id?: string | undefined;
}

export interface MemberKeysGetInput {
  /** Id or AWS access key id */
  readonly id: string;
}

export interface MemberKeysRevokeInput {
  /** Id or AWS access key id */
  readonly id: string;
  /** Revoke the keys that were made with it, too; false leaves them. Default: true */
  readonly descendants?: boolean | undefined;
}

export interface MemberKeysRevokeOutput {
  /** Number of keys that were made with it and ended with it */
  readonly descendants_revoked?: number;
}

export interface MemberKeys {
  /**
   * List all members' API keys in this tenant.
   * GET /auth/member-keys · permission identity:read_all
   */
  list(input?: MemberKeysListInput, options?: CallOptions): Promise<Page<ApiKey>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: MemberKeysListInput, options?: CallOptions): AsyncGenerator<ApiKey, void, undefined>;
  /**
   * Get a member's API key.
   * GET /auth/member-keys/:id · permission identity:read_all
   */
  get(input: MemberKeysGetInput | string, options?: CallOptions): Promise<ApiKey>;
  /**
   * Revoke a member's API key.
   * The key stops working within a second, and so do the keys of this tenant that were made with it; the answer says how many. Its user can create another one as long as they are a member.
   * DELETE /auth/member-keys/:id · permission identity:read_all
   */
  revoke(input: MemberKeysRevokeInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<MemberKeysRevokeOutput | undefined>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: ApiKey) => boolean, options?: WaitUntilOptions<ApiKey>): Promise<ApiKey>;
}

const SPECS = {
  list: {"name":"member-keys.list","method":"GET","path":"/auth/member-keys"},
  get: {"name":"member-keys.get","method":"GET","path":"/auth/member-keys/:id"},
  revoke: {"name":"member-keys.revoke","method":"DELETE","path":"/auth/member-keys/:id","idempotent":true},
} as const;

export function createMemberKeys(transport: Transport): MemberKeys {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    revoke: (input, options) => transport.call(SPECS.revoke, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<ApiKey>(transport, SPECS.get, id, isDone, options),
  };
}
