// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, KeyOption, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil, waitUntilGone } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { RandomPassword, RevealedSecret, Secret, SecretVersion, StoredSecretVersion } from './models.ts';

export interface SecretsCreateInput {
  /** Letters, digits and _./+=@-; unique in the tenant */
  readonly name: string;
  /** The value: text, or base64 with encoding base64; at most 65536 bytes */
  readonly value?: string | undefined;
  /** How value is written; default text. Use base64 for bytes */
  readonly encoding?: "text" | "base64" | undefined;
  /** In place of a value: a random password of so many characters */
  readonly generate_length?: number | undefined;
  /** Id of the version; default a new one */
  readonly version_id?: string | undefined;
  readonly description?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface SecretsListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  /** Only secrets that fit, such as name:prod/ */
  readonly filter?: readonly string[] | undefined;
  /** Whether to list those that are being deleted too; default true */
  readonly deleting?: boolean | undefined;
}

export interface SecretsGetInput {
  /** Id or name */
  readonly id: string;
}

export interface SecretsRevealInput {
  /** Id or name */
  readonly id: string;
  /** Only this version */
  readonly version_id?: string | undefined;
  /** The version with this stage; default AWSCURRENT */
  readonly stage?: string | undefined;
}

export interface SecretsUpdateInput {
  /** Id or name */
  readonly id: string;
  /** What it is for; null takes it away */
  readonly description?: string | null | undefined;
}

export interface SecretsPutInput {
  /** Id or name */
  readonly id: string;
  /** The value: text, or base64 with encoding base64; at most 65536 bytes */
  readonly value: string;
  /** How value is written; default text. Use base64 for bytes */
  readonly encoding?: "text" | "base64" | undefined;
  /** Id of the version; default a new one. Storing the same value again under it does nothing */
  readonly version_id?: string | undefined;
  /** Default AWSCURRENT */
  readonly stages?: readonly string[] | undefined;
}

export interface SecretsVersionsInput {
  /** Id or name */
  readonly id: string;
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
}

export interface SecretsMoveStageInput {
  /** Id or name */
  readonly id: string;
  readonly stage: string;
  /** Id of the version that gets the stage; null takes it away */
  readonly move_to: string | null;
  /** Id of the version where it must be now, null for none; default wherever it is */
  readonly remove_from?: string | null | undefined;
}

export interface SecretsDeleteInput {
  /** Id or name */
  readonly id: string;
  /** Days in which it can be restored; default 30 */
  readonly recovery_days?: number | undefined;
  /** Delete it at once, for good */
  readonly force?: boolean | undefined;
}

export interface SecretsDeleteOutput {
  readonly message: string;
}

export interface SecretsRestoreInput {
  /** Id or name */
  readonly id: string;
}

export interface SecretsSetLabelsInput {
  /** Id or name */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SecretsRemoveLabelsInput {
  /** Id or name */
  readonly id: string;
  readonly keys: readonly string[];
}

export interface SecretsRandomPasswordInput {
  /** Characters; default 32 */
  readonly length?: number | undefined;
  readonly exclude_characters?: string | undefined;
  readonly exclude_lowercase?: boolean | undefined;
  readonly exclude_uppercase?: boolean | undefined;
  readonly exclude_numbers?: boolean | undefined;
  readonly exclude_punctuation?: boolean | undefined;
  readonly include_space?: boolean | undefined;
  /** At least one of each type that is not excluded; default true */
  readonly require_each_type?: boolean | undefined;
}

export interface SecretsRotateInput {
  /** Id or name */
  readonly id: string;
  /** Id of the version; default a new one. The same id again does nothing */
  readonly version_id?: string | undefined;
}

export interface SecretsSetRotationInput {
  /** Id or name */
  readonly id: string;
  readonly days: number;
  /** Letters and digits of the password; default 32 */
  readonly length?: number | undefined;
}

export interface SecretsCancelRotationInput {
  /** Id or name */
  readonly id: string;
}

export interface Secrets {
  /**
   * Create a secret.
   * Stores the value encrypted. Without a value the secret has none until one is put. No answer shows the value, except that of reading it, which is audited.
   * POST /secrets · permission secret:create
   */
  create(input: SecretsCreateInput, options?: CallOptions & KeyOption): Promise<Secret>;
  /**
   * List secrets.
   * A filter is name:, description:, label_key:, label_value: or all: and a text with which a name, a value of a label or a word begins. Several of one kind are alternatives; those of different kinds hold together. A ! before the text turns it round.
   * GET /secrets · permission secret:read
   */
  list(input?: SecretsListInput, options?: CallOptions): Promise<Page<Secret>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: SecretsListInput, options?: CallOptions): AsyncGenerator<Secret, void, undefined>;
  /**
   * Get what is known of a secret, without its value.
   * GET /secrets/:id/metadata · permission secret:read
   */
  get(input: SecretsGetInput | string, options?: CallOptions): Promise<Secret>;
  /**
   * Read the value of a secret.
   * Leaves a row in the audit trail. If the row cannot be written, the value is not shown.
   * GET /secrets/:id · permission secret:read · errors SECRET_HAS_NO_VALUE, CONFLICT
   */
  reveal(input: SecretsRevealInput | string, options?: CallOptions): Promise<RevealedSecret>;
  /**
   * Change what is known of a secret.
   * PATCH /secrets/:id · permission secret:write
   */
  update(input: SecretsUpdateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Store a new value of a secret.
   * The value becomes the current one, and the one before becomes AWSPREVIOUS, unless stages says otherwise. The 100 newest versions are kept, and those with a stage.
   * POST /secrets/:id/versions · permission secret:write · errors SECRET_VERSION_EXISTS
   */
  put(input: SecretsPutInput, options?: CallOptions & VersionOption): Promise<StoredSecretVersion>;
  /**
   * List the versions of a secret, without their values.
   * GET /secrets/:id/versions · permission secret:read
   */
  versions(input: SecretsVersionsInput | string, options?: CallOptions): Promise<Page<SecretVersion>>;
  /** All of them, page by page as they are asked for. */
  versionsAll(input: SecretsVersionsInput | string, options?: CallOptions): AsyncGenerator<SecretVersion, void, undefined>;
  /**
   * Move a stage from one version of a secret to another.
   * Moving AWSCURRENT makes another version the current one, and the one before AWSPREVIOUS.
   * POST /secrets/:id/stages · permission secret:write
   */
  moveStage(input: SecretsMoveStageInput, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Delete a secret.
   * The secret can be restored for 30 days, or for recovery_days; until then its name is taken and its value cannot be read. With force it is gone at once.
   * DELETE /secrets/:id · permission secret:delete
   */
  delete(input: SecretsDeleteInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<SecretsDeleteOutput>;
  /**
   * Restore a secret that is being deleted.
   * POST /secrets/:id/restore · permission secret:write
   */
  restore(input: SecretsRestoreInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Add labels to a secret, or change them.
   * POST /secrets/:id/labels · permission secret:write
   */
  setLabels(input: SecretsSetLabelsInput, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Remove labels from a secret.
   * DELETE /secrets/:id/labels · permission secret:write
   */
  removeLabels(input: SecretsRemoveLabelsInput, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Make a random password.
   * It is stored nowhere.
   * GET /random-password · permission secret:read
   */
  randomPassword(input?: SecretsRandomPasswordInput, options?: CallOptions): Promise<RandomPassword>;
  /**
   * Replace the value of a secret with a random password.
   * The password becomes the current value; of a JSON object with a member password, only that member changes. The platform does not tell the service that checks the password.
   * POST /secrets/:id/rotate · permission secret:write · errors CONFLICT
   */
  rotate(input: SecretsRotateInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Rotate a secret every so many days.
   * The first time is that many days after the last rotation, or from now.
   * PUT /secrets/:id/rotation · permission secret:write
   */
  setRotation(input: SecretsSetRotationInput, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /**
   * Rotate a secret no longer.
   * DELETE /secrets/:id/rotation · permission secret:write
   */
  cancelRotation(input: SecretsCancelRotationInput | string, options?: CallOptions & KeyOption & VersionOption): Promise<Secret>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: Secret) => boolean, options?: WaitUntilOptions<Secret>): Promise<Secret>;
  /** Looks until it is gone. Throws CloudWaitError when time is up. */
  waitUntilGone(id: string, options?: WaitUntilOptions<Secret>): Promise<void>;
}

const SPECS = {
  create: {"name":"secrets.create","method":"POST","path":"/secrets","idempotent":true},
  list: {"name":"secrets.list","method":"GET","path":"/secrets"},
  get: {"name":"secrets.get","method":"GET","path":"/secrets/:id/metadata"},
  reveal: {"name":"secrets.reveal","method":"GET","path":"/secrets/:id"},
  update: {"name":"secrets.update","method":"PATCH","path":"/secrets/:id","idempotent":true},
  put: {"name":"secrets.put","method":"POST","path":"/secrets/:id/versions"},
  versions: {"name":"secrets.versions","method":"GET","path":"/secrets/:id/versions"},
  moveStage: {"name":"secrets.moveStage","method":"POST","path":"/secrets/:id/stages","idempotent":true},
  delete: {"name":"secrets.delete","method":"DELETE","path":"/secrets/:id","idempotent":true},
  restore: {"name":"secrets.restore","method":"POST","path":"/secrets/:id/restore","idempotent":true},
  setLabels: {"name":"secrets.setLabels","method":"POST","path":"/secrets/:id/labels","idempotent":true},
  removeLabels: {"name":"secrets.removeLabels","method":"DELETE","path":"/secrets/:id/labels","idempotent":true},
  randomPassword: {"name":"secrets.randomPassword","method":"GET","path":"/random-password"},
  rotate: {"name":"secrets.rotate","method":"POST","path":"/secrets/:id/rotate","idempotent":true},
  setRotation: {"name":"secrets.setRotation","method":"PUT","path":"/secrets/:id/rotation","idempotent":true},
  cancelRotation: {"name":"secrets.cancelRotation","method":"DELETE","path":"/secrets/:id/rotation","idempotent":true},
} as const;

export function createSecrets(transport: Transport): Secrets {
  return {
    create: (input, options) => transport.call(SPECS.create, { ...input }, options),
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    reveal: (input, options) => transport.call(SPECS.reveal, typeof input === 'string' ? { id: input } : { ...input }, options),
    update: (input, options) => transport.call(SPECS.update, typeof input === 'string' ? { id: input } : { ...input }, options),
    put: (input, options) => transport.call(SPECS.put, { ...input }, options),
    versions: (input, options) => transport.page(SPECS.versions, typeof input === 'string' ? { id: input } : { ...input }, options),
    versionsAll: (input, options) => listAll(transport, SPECS.versions, typeof input === 'string' ? { id: input } : { ...input }, options),
    moveStage: (input, options) => transport.call(SPECS.moveStage, { ...input }, options),
    delete: (input, options) => transport.call(SPECS.delete, typeof input === 'string' ? { id: input } : { ...input }, options),
    restore: (input, options) => transport.call(SPECS.restore, typeof input === 'string' ? { id: input } : { ...input }, options),
    setLabels: (input, options) => transport.call(SPECS.setLabels, { ...input }, options),
    removeLabels: (input, options) => transport.call(SPECS.removeLabels, { ...input }, options),
    randomPassword: (input, options) => transport.call(SPECS.randomPassword, { ...input }, options),
    rotate: (input, options) => transport.call(SPECS.rotate, typeof input === 'string' ? { id: input } : { ...input }, options),
    setRotation: (input, options) => transport.call(SPECS.setRotation, { ...input }, options),
    cancelRotation: (input, options) => transport.call(SPECS.cancelRotation, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<Secret>(transport, SPECS.get, id, isDone, options),
    waitUntilGone: (id, options) => waitUntilGone<Secret>(transport, SPECS.get, id, options),
  };
}
