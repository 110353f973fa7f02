// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { ApiKey } from './models.ts';

export interface KeysCreateInput {
  readonly name: string;
  /** The only permissions that the key has, such as instance:read. *: all that your role has */
  readonly permissions?: readonly string[] | undefined;
  /** Networks from which the key works, such as 10.0.0.0/8 */
  readonly cidrs?: readonly string[] | undefined;
  /** Let the key act in all tenants that you are a member of, by X-Tenant-ID. Default: in this tenant alone */
  readonly all_tenants?: boolean | undefined;
  /** When the key stops working, such as 2030-01-01T00:00:00Z */
  readonly expires_at?: string | undefined;
}

export interface KeysCreateSessionInput {
  /** Seconds until it expires, 15 minutes to 36 hours. Default: 12 hours */
  readonly duration_seconds?: number | undefined;
}

export interface KeysListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface KeysGetInput {
  /** Id or name */
  readonly id: string;
}

export interface KeysUpdateInput {
  /** Id, AWS access key id or name */
  readonly id: string;
  readonly name?: string | undefined;
  /** The only permissions that the key has, such as instance:read. *: all that your role has */
  readonly permissions?: readonly string[] | undefined;
  /** Networks from which the key works, such as 10.0.0.0/8 */
  readonly cidrs?: readonly string[] | undefined;
  /** Let the key act in all tenants that you are a member of, by X-Tenant-ID. Default: in this tenant alone */
  readonly all_tenants?: boolean | undefined;
  /** When the key stops working, such as 2030-01-01T00:00:00Z */
  readonly expires_at?: string | undefined;
}

export interface KeysRotateInput {
  /** Id, AWS access key id or name */
  readonly id: string;
  /** Seconds for which the old key still works, at most a day. Default: 0 */
  readonly overlap_seconds?: number | undefined;
}

export interface KeysRevokeInput {
  /** Id, AWS access key id or name */
  readonly id: string;
  /** Revoke the keys that were made with it, too; false leaves them. Default: true */
  readonly descendants?: boolean | undefined;
}

export interface KeysRevokeOutput {
  /** Number of keys that were made with it and ended with it */
  readonly descendants_revoked?: number;
}

export interface Keys {
  /**
   * Create an API key.
   * Returns the key and its AWS secret, which are never shown again. The key may do what your role allows at the time of each call. It acts in this tenant alone, unless you set all_tenants. You can limit it further: to permissions, to networks and in time. A key that is limited to permissions cannot change your user. A key that is itself limited passes its limits on. What is made with an API key ends when that one is revoked. The quota is 50 keys per user and tenant by default; session keys do not count.
   * POST /auth/keys · permission identity:create
   */
  create(input: KeysCreateInput, options?: CallOptions & KeyOption): Promise<ApiKey>;
  /**
   * Create a temporary key.
   * Made from the key that sends this request: it may do what that key may at the time of each call, ends with it, and expires. AWS clients need its session token too. It makes no keys. A key has at most 100 of them at a time.
   * POST /auth/keys/session · permission identity:create · errors QUOTA_EXCEEDED
   */
  createSession(input?: KeysCreateSessionInput, options?: CallOptions & KeyOption): Promise<ApiKey>;
  /**
   * List your API keys in this tenant.
   * GET /auth/keys · permission identity:read
   */
  list(input?: KeysListInput, options?: CallOptions): Promise<Page<ApiKey>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: KeysListInput, options?: CallOptions): AsyncGenerator<ApiKey, void, undefined>;
  /**
   * Get an API key.
   * GET /auth/keys/:id · permission identity:read
   */
  get(input: KeysGetInput | string, options?: CallOptions): Promise<ApiKey>;
  /**
   * Rename an API key, or change its limits.
   * Takes effect within a second. What is not given stays as it is. The key itself stays the same; to replace it, rotate it.
   * PATCH /auth/keys/:id · permission identity:create
   */
  update(input: KeysUpdateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<ApiKey>;
  /**
   * Replace an API key.
   * Returns a new key with another id, and the same name and limits; neither the key nor its AWS secret is shown again. The old key stops working within a second, or after the overlap; keys that were made with it go on, and are taken along by the new one.
   * POST /auth/keys/:id/rotate · permission identity:create
   */
  rotate(input: KeysRotateInput | string, options?: CallOptions & VersionOption): Promise<ApiKey>;
  /**
   * Revoke an API key.
   * The key stops working within a second, and so do the keys that were made with it; the answer says how many. If several keys have this name, use the id.
   * DELETE /auth/keys/:id · permission identity:delete
   */
  revoke(input: KeysRevokeInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<KeysRevokeOutput | undefined>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: ApiKey) => boolean, options?: WaitUntilOptions<ApiKey>): Promise<ApiKey>;
}

const SPECS = {
  create: {"name":"keys.create","method":"POST","path":"/auth/keys","idempotent":true},
  createSession: {"name":"keys.createSession","method":"POST","path":"/auth/keys/session","idempotent":true},
  list: {"name":"keys.list","method":"GET","path":"/auth/keys"},
  get: {"name":"keys.get","method":"GET","path":"/auth/keys/:id"},
  update: {"name":"keys.update","method":"PATCH","path":"/auth/keys/:id","idempotent":true},
  rotate: {"name":"keys.rotate","method":"POST","path":"/auth/keys/:id/rotate"},
  revoke: {"name":"keys.revoke","method":"DELETE","path":"/auth/keys/:id","idempotent":true},
} as const;

export function createKeys(transport: Transport): Keys {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    createSession: (input, options) => transport.call(SPECS.createSession, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    rotate: (input, options) => transport.call(SPECS.rotate, typeof input === 'string' ? { id: input } : { ...input }, options),
    revoke: (input, options) => transport.call(SPECS.revoke, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<ApiKey>(transport, SPECS.get, id, isDone, options),
  };
}
