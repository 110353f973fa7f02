import type { ApiConfig, Config } from '../config.ts';

/**
 * What the supervisor and a process of the platform tell each other over the IPC channel. Secrets come this way and no other: an
 * environment or a file could be read again later through a hole in the process, a message that was read is gone.
 */
export type Handover =
  | { readonly role: 'api'; readonly config: ApiConfig }
  | { readonly role: 'worker'; readonly config: Config };

export type Report =
  | { readonly kind: 'ready'; readonly addresses: readonly string[]; readonly awsAddress?: string | undefined }
  | { readonly kind: 'failed'; readonly message: string };

/** What `compose.ts` gives: a started process. */
export interface Running {
  /** Where it listens, as URLs or socket paths. */
  readonly addresses: readonly string[];
  /** Where the API's AWS door listens. */
  readonly awsAddress?: string | undefined;
  /** Resolves when it cannot go on by itself; the process then ends and is started anew. */
  readonly ended: Promise<void>;
  /** Takes no new work, lets what runs end, closes everything. */
  stop(): Promise<void>;
}

export interface Starters {
  readonly startApi: (config: ApiConfig) => Promise<Running>;
  readonly startWorker: (config: Config) => Promise<Running>;
}
