// Generated from the registry of operations by `npm run gen`.
import type { CallOptions, Page, Transport, VersionOption } from '../call.ts';
import { listAll } from '../paging.ts';
import { waitUntil } from '../waiting.ts';
import type { WaitUntilOptions } from '../waiting.ts';
import type { OperatedUser } from './models.ts';

export interface AdminUsersListInput {
  /** Maximum number of results; default 50 */
  readonly limit?: number | undefined;
  /** meta.next_cursor of the previous page */
  readonly cursor?: string | undefined;
  readonly email?: string | undefined;
  /** admin: the operators */
  readonly role?: string | undefined;
  /** active; locked: after too many wrong passwords; suspended: by an operator; closed: the account is gone */
  readonly status?: "active" | "locked" | "suspended" | "closed" | undefined;
}

export interface AdminUsersGetInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersUnlockInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersSuspendInput {
  /** Id or e-mail address */
  readonly id: string;
  /** What the user is told */
  readonly reason: string;
}

export interface AdminUsersResumeInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersEndSessionsInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersEndSessionsOutput {
  /** Number of sessions that ended */
  readonly ended: number;
}

export interface AdminUsersIssueResetInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersIssueResetOutput {
  readonly token: string;
}

export interface AdminUsersResetSecondFactorInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersMakeOperatorInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsersUnmakeOperatorInput {
  /** Id or e-mail address */
  readonly id: string;
}

export interface AdminUsers {
  /**
   * List users.
   * GET /operator/users · scope operator
   */
  list(input?: AdminUsersListInput, options?: CallOptions): Promise<Page<OperatedUser>>;
  /** All of them, page by page as they are asked for. */
  listAll(input?: AdminUsersListInput, options?: CallOptions): AsyncGenerator<OperatedUser, void, undefined>;
  /**
   * Get a user.
   * GET /operator/users/:id · scope operator
   */
  get(input: AdminUsersGetInput | string, options?: CallOptions): Promise<OperatedUser>;
  /**
   * Unlock a user.
   * Ends the lockout after too many wrong passwords, so that the user can log in immediately.
   * POST /operator/users/:id/unlock · scope operator
   */
  unlock(input: AdminUsersUnlockInput | string, options?: CallOptions & VersionOption): Promise<OperatedUser>;
  /**
   * Suspend a user.
   * Every call with one of the user's keys is refused within a second, in all tenants, with the reason. Nothing is deleted.
   * POST /operator/users/:id/suspend · scope operator
   */
  suspend(input: AdminUsersSuspendInput, options?: CallOptions & VersionOption): Promise<OperatedUser>;
  /**
   * Resume a suspended user.
   * POST /operator/users/:id/resume · scope operator
   */
  resume(input: AdminUsersResumeInput | string, options?: CallOptions & VersionOption): Promise<OperatedUser>;
  /**
   * End all of a user's sessions.
   * Session keys stop working within a second; API keys continue.
   * POST /operator/users/:id/end-sessions · scope operator
   */
  endSessions(input: AdminUsersEndSessionsInput | string, options?: CallOptions & VersionOption): Promise<AdminUsersEndSessionsOutput>;
  /**
   * Issue a token for a new password.
   * For a user who cannot get mail. Pass the token on in a way that you trust; it is valid for one hour, works once, and is shown only now. The user runs: cloud auth reset-password
   * POST /operator/users/:id/issue-reset · scope operator
   */
  issueReset(input: AdminUsersIssueResetInput | string, options?: CallOptions & VersionOption): Promise<AdminUsersIssueResetOutput>;
  /**
   * Remove a user's second factor.
   * For a user who lost the app and the recovery codes: the password alone lets them in again.
   * POST /operator/users/:id/reset-second-factor · scope operator
   */
  resetSecondFactor(input: AdminUsersResetSecondFactorInput | string, options?: CallOptions & VersionOption): Promise<OperatedUser>;
  /**
   * Make a user an operator of the platform.
   * An operator can do everything below `cloud admin`, also to you.
   * POST /operator/users/:id/make-operator · scope operator
   */
  makeOperator(input: AdminUsersMakeOperatorInput | string, options?: CallOptions & VersionOption): Promise<OperatedUser>;
  /**
   * Take the role of operator from a user.
   * The last operator keeps the role, because nobody else could run the platform.
   * POST /operator/users/:id/unmake-operator · scope operator
   */
  unmakeOperator(input: AdminUsersUnmakeOperatorInput | string, options?: CallOptions & VersionOption): Promise<OperatedUser>;
  /** Looks until `isDone`. Throws CloudWaitError when time is up. */
  waitUntil(id: string, isDone?: (resource: OperatedUser) => boolean, options?: WaitUntilOptions<OperatedUser>): Promise<OperatedUser>;
}

const SPECS = {
  list: {"name":"admin-users.list","method":"GET","path":"/operator/users"},
  get: {"name":"admin-users.get","method":"GET","path":"/operator/users/:id"},
  unlock: {"name":"admin-users.unlock","method":"POST","path":"/operator/users/:id/unlock"},
  suspend: {"name":"admin-users.suspend","method":"POST","path":"/operator/users/:id/suspend"},
  resume: {"name":"admin-users.resume","method":"POST","path":"/operator/users/:id/resume"},
  endSessions: {"name":"admin-users.endSessions","method":"POST","path":"/operator/users/:id/end-sessions"},
  issueReset: {"name":"admin-users.issueReset","method":"POST","path":"/operator/users/:id/issue-reset"},
  resetSecondFactor: {"name":"admin-users.resetSecondFactor","method":"POST","path":"/operator/users/:id/reset-second-factor"},
  makeOperator: {"name":"admin-users.makeOperator","method":"POST","path":"/operator/users/:id/make-operator"},
  unmakeOperator: {"name":"admin-users.unmakeOperator","method":"POST","path":"/operator/users/:id/unmake-operator"},
} as const;

export function createAdminUsers(transport: Transport): AdminUsers {
  return {
    list: (input, options) => transport.page(SPECS.list, { ...input }, options),
    listAll: (input, options) => listAll(transport, SPECS.list, { ...input }, options),
    get: (input, options) => transport.call(SPECS.get, typeof input === 'string' ? { id: input } : { ...input }, options),
    unlock: (input, options) => transport.call(SPECS.unlock, typeof input === 'string' ? { id: input } : { ...input }, options),
    suspend: (input, options) => transport.call(SPECS.suspend, { ...input }, options),
    resume: (input, options) => transport.call(SPECS.resume, typeof input === 'string' ? { id: input } : { ...input }, options),
    endSessions: (input, options) => transport.call(SPECS.endSessions, typeof input === 'string' ? { id: input } : { ...input }, options),
    issueReset: (input, options) => transport.call(SPECS.issueReset, typeof input === 'string' ? { id: input } : { ...input }, options),
    resetSecondFactor: (input, options) => transport.call(SPECS.resetSecondFactor, typeof input === 'string' ? { id: input } : { ...input }, options),
    makeOperator: (input, options) => transport.call(SPECS.makeOperator, typeof input === 'string' ? { id: input } : { ...input }, options),
    unmakeOperator: (input, options) => transport.call(SPECS.unmakeOperator, typeof input === 'string' ? { id: input } : { ...input }, options),
    waitUntil: (id, isDone, options) => waitUntil<OperatedUser>(transport, SPECS.get, id, isDone, options),
  };
}
