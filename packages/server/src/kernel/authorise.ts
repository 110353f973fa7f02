import { type Caller, isBound, isOperator, isPermitted, isScoped, tenantIdOf } from './caller.ts';
import { denied, forbidden, invalidInput, unauthorized } from './errors.ts';
import type { RegisteredOperation } from './operation.ts';

/** Refuses who has no business at this door at all. */
export function admit(operation: RegisteredOperation, caller: Caller): void {
  if (operation.scope === 'public') return;
  if (caller.kind === 'anonymous') throw unauthorized('an API key is required: send it as X-API-Key, or log in');
  if (operation.scope !== 'tenant') return;
  if (tenantIdOf(caller) === undefined)
    throw invalidInput('this operation acts in a tenant; send X-Tenant-ID or use a key that belongs to one');
  refuseSuspended(caller);
  requireSecondFactor(caller);
}

/** Throws FORBIDDEN, with the way out, where the active tenant wants a second factor that the caller does not have. */
export function requireSecondFactor(caller: Caller): void {
  if (caller.kind !== 'user' || !caller.lacksSecondFactor) return;
  const { userId, keyId, tenantId } = caller;
  throw denied(forbidden('this tenant requires a second factor; set one up with: cloud second-factor enrol'), {
    userId,
    keyId,
    tenantId,
  });
}

/** Throws FORBIDDEN where the operator has suspended the active tenant. */
export function refuseSuspended(caller: Caller): void {
  if (caller.kind !== 'user' || caller.suspended === undefined) return;
  const { userId, keyId, tenantId, suspended } = caller;
  throw denied(forbidden(`the tenant is suspended${suspended}; contact the operator of the platform`), {
    userId,
    keyId,
    tenantId,
  });
}

/** Throws FORBIDDEN where the caller may not. */
export function authorise(operation: RegisteredOperation, caller: Caller): void {
  if (isAuthorised(operation, caller)) return;
  const scopes = caller.kind === 'user' ? caller.limits?.permissions : undefined;
  if (scopes && operation.scope !== 'tenant')
    throw forbidden(
      `this API key is limited to ${scopes.join(', ')}; to ${operation.scope === 'operator' ? 'run the platform' : 'change your user'}, use a key without limits or log in`,
    );
  if (operation.scope === 'operator' && caller.kind === 'user' && caller.platformRole === 'admin' && isBound(caller))
    throw forbidden('this API key acts in its tenant alone; to run the platform, use a key with all_tenants or log in');
  if (operation.scope === 'operator') throw forbidden('only the operator of the platform can do this');
  if (scopes && !scopes.includes(operation.permission!))
    throw forbidden(
      `this needs the permission '${operation.permission}', and this API key is limited to ${scopes.join(', ')}`,
    );
  const role = caller.kind === 'user' ? (caller.role ?? 'none') : caller.kind;
  throw forbidden(
    `this needs the permission '${operation.permission}', which the role '${role}' does not have in this tenant`,
  );
}

export function isAuthorised(operation: RegisteredOperation, caller: Caller): boolean {
  if (caller.kind !== 'user' || operation.scope === 'public') return true;
  if (operation.scope === 'operator') return isOperator(caller);
  // A key with some permissions must not change its user: the password, sessions, tenants. No permission stands for that.
  if (operation.scope === 'user' && operation.writes && isScoped(caller)) return false;
  return operation.permission === undefined || isPermitted(caller.permissions, operation.permission);
}
