// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Transport } from '../call.ts';
import type { PlatformStatus } from './models.ts';


export interface Status {
  /**
   * Get the public status of the platform.
   * Needs no key. Says whether the platform works, who may register and where AWS clients connect, but neither its version nor what is wrong.
   * GET /status · scope public
   */
  get(options?: CallOptions): Promise<PlatformStatus>;
}

const SPECS = {
  get: {"name":"status.get","method":"GET","path":"/status"},
} as const;

export function createStatus(transport: Transport): Status {
  return {
    get: (options) => transport.call(SPECS.get, {}, options),
  };
}
