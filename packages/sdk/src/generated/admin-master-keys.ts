// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport } from '../call.ts';
import { listAll } from '../paging.ts';
import type { MasterKeyRotation } from './models.ts';

export interface AdminMasterKeysListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface AdminMasterKeys {
  /**
   * List the rotations of the master key.
   * GET /operator/master-key-rotations · scope operator
   */
  list(input?: AdminMasterKeysListInput, options?: CallOptions): Promise<Page<MasterKeyRotation>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AdminMasterKeysListInput, options?: CallOptions): AsyncGenerator<MasterKeyRotation, void, undefined>;
  /**
   * Rotate the master key.
   * Makes a new master key, seals every secret value of the platform under it, and forgets the old key. The platform stays up, and a rotation that is interrupted goes on where it stopped. Keep the old key with the backups from before: they can be read with it alone.
   * POST /operator/master-key-rotations/start · scope operator · errors CONFLICT
   */
  rotate(options?: CallOptions): Promise<MasterKeyRotation>;
}

const SPECS = {
  list: {"name":"admin-master-keys.list","method":"GET","path":"/operator/master-key-rotations"},
  rotate: {"name":"admin-master-keys.rotate","method":"POST","path":"/operator/master-key-rotations/start"},
} as const;

export function createAdminMasterKeys(transport: Transport): AdminMasterKeys {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    rotate: (options) => transport.call(SPECS.rotate, {}, options),
  };
}
