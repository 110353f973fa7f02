import type { Running } from '../compose/base.ts';
import type { ApiConfig, WorkerConfig } from '../config.ts';
import type { MasterKeys } from '../kernel/master-keys.ts';

/**
 * What the supervisor and a process of the platform tell each other over the IPC channel. Secrets come this way and no other: an
 * environment or a file could be read again later through a hole in the process, a message that was read is gone.
 */
export type Handover =
  | { readonly role: 'api'; readonly config: ApiConfig }
  | { readonly role: 'worker'; readonly config: WorkerConfig };

/** Asked again and again once it is ready. The answer is {@link Alive}. */
export interface Question {
  readonly kind: 'alive?';
}

/** Other master keys: the process takes them in place of those that it has. */
export interface NewKeys {
  readonly kind: 'keys';
  readonly keys: MasterKeys;
}

export interface Alive {
  readonly kind: 'alive';
}

/** What a process says first, once. */
export type Report =
  | { readonly kind: 'ready'; readonly addresses: readonly string[]; readonly awsAddress?: string | undefined }
  | { readonly kind: 'failed'; readonly message: string };

export interface Starters {
  readonly startApi: (config: ApiConfig) => Promise<Running>;
  readonly startWorker: (config: WorkerConfig) => Promise<Running>;
}
