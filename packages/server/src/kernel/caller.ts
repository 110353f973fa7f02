/** Fixed rows of `users`: who acts when nobody is signed in, and when the platform acts by itself. */
export const SYSTEM_USER_ID = '00000000-0000-7000-8000-000000000001';
export const ANONYMOUS_USER_ID = '00000000-0000-7000-8000-000000000002';

/** Where a request came from, for the audit trail. */
export interface Origin {
  readonly requestId: string;
  readonly ip?: string;
  readonly userAgent?: string;
}

/** What a key is limited to within what its user may do; null: not limited. */
export interface KeyLimits {
  readonly permissions: readonly string[] | null;
  /** Networks from which the key works. */
  readonly cidrs: readonly string[] | null;
  readonly expires_at: Date | null;
}

/** Who calls, after authentication. `tenantId` is the active tenant: the key's own, or X-Tenant-ID after a membership check. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'user';
      readonly userId: string;
      readonly email: string;
      /** `users.role`: `admin` is the platform's operator. */
      readonly platformRole: string;
      readonly keyId: string;
      readonly tenantId: string | undefined;
      /** The database's token for this user in this tenant: what the caller's transactions show it. Good for 30 s. */
      readonly scopeToken?: string | undefined;
      readonly role: string | undefined;
      /** What the role has and the key is not limited to lack. */
      readonly permissions: ReadonlySet<string>;
      /** Of the key. Absent: it may do all that its user may. */
      readonly limits?: KeyLimits;
      /** When the key ends, if it does: what goes on for long ends with it. */
      readonly keyEndsAt?: Date;
      /** The key acts in its own tenant alone. Absent: in all tenants of its user, as a session does. */
      readonly isBound?: true;
      /** The key was made from another one, which it ends with: it makes no keys. */
      readonly isTemporary?: true;
      /** The active tenant wants a second factor, which the user does not have. */
      readonly lacksSecondFactor?: boolean;
      /** The operator has suspended the active tenant, and why (`: unpaid`, or empty): only what is about the user goes on. */
      readonly suspended?: string;
    }
  /** The platform's own workers; they act in one tenant at a time. */
  | { readonly kind: 'system'; readonly name: string; readonly tenantId: string };

export const userIdOf = (caller: Caller): string =>
  caller.kind === 'user' ? caller.userId : caller.kind === 'system' ? SYSTEM_USER_ID : ANONYMOUS_USER_ID;

/** Who acted, where it was no person: `system:reaper`. */
export const actorOf = (caller: Caller): string | null => (caller.kind === 'system' ? `system:${caller.name}` : null);

export const tenantIdOf = (caller: Caller): string | undefined =>
  caller.kind === 'anonymous' ? undefined : caller.tenantId;

/** Whether the key has only some of its user's permissions. */
export const isScoped = (caller: Caller): boolean =>
  caller.kind === 'user' && (caller.limits?.permissions ?? null) !== null;

/** Whether the key acts in one tenant alone. */
export const isBound = (caller: Caller): boolean => caller.kind === 'user' && caller.isBound === true;

/** Whether it is somebody who runs the platform, with a key that may do all that its user may, in all tenants. */
export const isOperator = (caller: Caller): boolean =>
  caller.kind === 'user' && caller.platformRole === 'admin' && !isScoped(caller) && !isBound(caller);

/** `*` and its synonym `full_access` grant all; otherwise the exact word. */
export const isPermitted = (permissions: ReadonlySet<string>, permission: string): boolean =>
  permissions.has(permission) || permissions.has('*') || permissions.has('full_access');
