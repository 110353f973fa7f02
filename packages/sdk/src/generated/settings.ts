// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import type { Setting } from './models.ts';

export interface SettingsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface SettingsGetInput {
  /** As in the list: registration, session_hours … */
  readonly setting: string;
}

export interface SettingsSetInput {
  /** As in the list: registration, session_hours … */
  readonly setting: string;
  /** A number is written as text too */
  readonly value: string;
}

export interface SettingsResetInput {
  /** As in the list: registration, session_hours … */
  readonly setting: string;
}

export interface Settings {
  /**
   * List the settings that you can change while the platform runs.
   * GET /operator/settings · scope operator
   */
  list(input?: SettingsListInput, options?: CallOptions): Promise<Page<Setting>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: SettingsListInput, options?: CallOptions): AsyncGenerator<Setting, void, undefined>;
  /**
   * Get a setting.
   * GET /operator/settings/:setting · scope operator
   */
  get(input: SettingsGetInput | string, options?: CallOptions): Promise<Setting>;
  /**
   * Set a setting.
   * Holds immediately in all processes, and after a restart.
   * PUT /operator/settings/:setting · scope operator
   */
  set(input: SettingsSetInput, options?: CallOptions & VersionOption): Promise<Setting>;
  /**
   * Set a setting back to its default.
   * POST /operator/settings/:setting/reset · scope operator
   */
  reset(input: SettingsResetInput | string, options?: CallOptions & VersionOption): Promise<Setting>;
}

const SPECS = {
  list: {"name":"settings.list","method":"GET","path":"/operator/settings"},
  get: {"name":"settings.get","method":"GET","path":"/operator/settings/:setting"},
  set: {"name":"settings.set","method":"PUT","path":"/operator/settings/:setting"},
  reset: {"name":"settings.reset","method":"POST","path":"/operator/settings/:setting/reset"},
} as const;

export function createSettings(transport: Transport): Settings {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { setting: input } : { ...input }, options),
    set: (input, options) => transport.call(SPECS.set, { ...input }, options),
    reset: (input, options) => transport.call(SPECS.reset, typeof input === 'string' ? { setting: input } : { ...input }, options),
  };
}
