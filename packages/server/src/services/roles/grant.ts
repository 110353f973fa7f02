import { closest } from 'fastest-levenshtein';
import { type Caller, isPermitted } from '../../kernel/caller.ts';
import { CloudError, conflict, forbidden } from '../../kernel/errors.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { createPgMemberRepository, keepAnOwner, type MemberRow } from '../identity/index.ts';
import { createPgRoleRepository } from './role-repository.pg.ts';
import type { RoleRow } from './role.ts';

/** Most missing permissions that a refusal names. */
const MOST_NAMED = 5;

/** Throws FORBIDDEN if the caller does not have all of these permissions in the active tenant. `what` begins the sentence: `the role 'ops'`. */
export function requireHeld(caller: Caller, permissions: readonly string[], what: string): void {
  if (caller.kind !== 'user') return;
  const missing = permissions.filter((permission) => !isPermitted(caller.permissions, permission));
  if (missing.length === 0) return;
  const named = missing.slice(0, MOST_NAMED).join(', ');
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  throw forbidden(
    `${what} has permissions that you do not have: ${named}${more}; ask somebody who has them, such as an owner`,
  );
}

/**
 * The role, if the caller may give it to somebody or take it away: nobody grants what they do not have, so only who has `*` makes and unmakes
 * owners. The role stays as it is until the end of the transaction. Call it before you lock a member. Throws NOT_FOUND for a role that the
 * caller's tenant does not have, FORBIDDEN for one that has more than the caller.
 */
export async function requireGrantable(sql: Sql, caller: Caller, roleName: string): Promise<RoleRow> {
  const tenantId = caller.kind === 'anonymous' ? undefined : caller.tenantId;
  const roles = createPgRoleRepository(sql);
  const role = tenantId === undefined ? undefined : await roles.find(tenantId, roleName, 'share');
  if (!role) {
    const nearest = closest(roleName, tenantId === undefined ? ['viewer'] : [...(await roles.names(tenantId))]);
    throw new CloudError(
      'NOT_FOUND',
      404,
      `role '${roleName}' does not exist in this tenant; did you mean '${nearest}'? To list all, run: cloud roles list`,
    );
  }
  requireHeld(caller, role.permissions, `the role '${role.name}'`);
  return role;
}

/**
 * Gives a member another role. The caller holds the tenant's row, so that two last owners cannot cease to be owners at once; the member's own row is
 * locked last, after the roles, as a role that is renamed or deleted does it. Throws what requireGrantable throws for either role, CONFLICT for
 * the last owner and for a member who has another role by now. False: the member has it already.
 */
export async function giveRole(sql: Sql, caller: Caller, member: MemberRow, roleName: string): Promise<boolean> {
  const role = await requireGrantable(sql, caller, roleName);
  await requireGrantable(sql, caller, member.role);
  if (role.name === member.role) return false;
  if (role.name !== 'owner') await keepAnOwner(sql, member.tenant_id, member);
  if (!(await createPgMemberRepository(sql).setRole(member, role.name)))
    throw conflict(`${member.email} was given another role or left at the same time; look and try again`);
  return true;
}
