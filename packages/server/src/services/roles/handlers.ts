import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../../kernel/caller.ts';
import { has } from '../../kernel/changes.ts';
import { conflict, invalidInput } from '../../kernel/errors.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import type { MemberRow } from '../identity/index.ts';
import { giveRole, requireGrantable, requireHeld } from './grant.ts';
import type { roleOperations } from './operations.ts';
import { type KnownPermission, requireKnown } from './permissions.ts';
import { createPgRoleRepository, MOST_COUNTED, MOST_PERMISSIONS } from './role-repository.pg.ts';
import type { RoleRow } from './role.ts';

export interface RoleDeps {
  /** All permissions that there are, by name. */
  readonly permissions: () => readonly KnownPermission[];
  /** Forgets the callers that this process has seen of `tenant <id>` or `user <id>`. */
  readonly forgetCallers: (subject?: string) => void;
}

type Ops = typeof roleOperations;

const BUILT_IN_NAMES = ['owner', 'admin', 'developer', 'viewer', 'user'];
/** The role of those whose role was deleted. */
const FALLBACK = 'viewer';

/** `full_access` is another word for `*`. */
const plain = (permission: string): string => (permission === 'full_access' ? '*' : permission);

function requireFreeName(name: string): void {
  if (BUILT_IN_NAMES.includes(name.toLowerCase()))
    throw conflict(`'${name}' is the name of a built-in role; choose another name`);
}

/** Throws CONFLICT for a built-in role, FORBIDDEN for one that has more than the caller. */
function requireChangeable(role: RoleRow, caller: Caller): void {
  if (role.tenant_id === null)
    throw conflict(`the role '${role.name}' is built in and cannot be changed; create your own: cloud roles create`);
  requireHeld(caller, role.permissions, `the role '${role.name}'`);
}

const taken = (name: string) => conflict(`a role named '${name}' already exists; choose another name`);

export const createRoleHandlers = (deps: RoleDeps): Handlers<Ops, { role: RoleRow; binding: MemberRow }> => {
  /** The permissions in their one form. Throws INVALID_INPUT for one that does not exist, FORBIDDEN for one that the caller lacks. */
  const requireGivable = (given: readonly string[], caller: Caller, role: string): readonly string[] => {
    const permissions = [...new Set(given.map(plain))];
    const known = deps.permissions().map(({ permission }) => permission);
    requireKnown(
      permissions.filter((permission) => permission !== '*'),
      known,
    );
    requireHeld(caller, permissions, `the role '${role}' as you want it`);
    return permissions;
  };
  const reread = async ({ sql, tenantId }: Pick<Call, 'sql' | 'tenantId'>, id: string): Promise<RoleRow> =>
    (await createPgRoleRepository(sql).find(tenantId, id))!;
  const forget = async ({ tenantId }: { readonly tenantId: string }) => deps.forgetCallers(`tenant ${tenantId}`);

  /** Writes what a role has from now on. */
  async function change(
    { sql, target, now }: Call<unknown, RoleRow>,
    permissions: readonly string[],
    { name = target.name, description = target.description }: { name?: string; description?: string | null } = {},
  ): Promise<void> {
    const roles = createPgRoleRepository(sql);
    if (!(await roles.rewrite(target, name, description, now))) throw taken(name);
    await roles.setPermissions(target.tenant_id!, target.id, permissions);
    if (name === target.name) return;
    await roles.moveMembers(target.tenant_id!, target.name, name);
    await roles.moveInvitations(target.tenant_id!, target.name, name);
  }

  return {
    create: steps({
      async check({ input, caller }: Call<InputOf<Ops['create']>>) {
        requireFreeName(input.name);
        return requireGivable(input.permissions ?? [], caller, input.name);
      },
      quota: async ({ sql, tenantId }) => [
        { resource: 'roles', used: await createPgRoleRepository(sql).count(tenantId), wanted: 1 },
      ],
      async run(call) {
        const { sql, input, createdId: id, tenantId, now: at, checked: permissions } = call;
        const roles = createPgRoleRepository(sql);
        const { name, description = null } = input;
        if (!(await roles.insert({ id, tenantId, name, description, at }))) throw taken(name);
        await roles.setPermissions(tenantId, id, permissions);
        return reread(call, id);
      },
    }),

    update: steps({
      async check({ input, target, caller }: Call<InputOf<Ops['update']>, RoleRow>) {
        requireChangeable(target, caller);
        if (Object.keys(input).length === 1)
          throw invalidInput('nothing to change: set name, description or permissions');
        if (input.name !== undefined) requireFreeName(input.name);
        return input.permissions && requireGivable(input.permissions, caller, target.name);
      },
      async run(call) {
        const { name, description } = call.input;
        const wanted = { name: name ?? call.target.name, description: description ?? call.target.description };
        const permissions = new Set(call.checked ?? call.target.permissions);
        if (has(call.target, wanted) && isDeepStrictEqual(permissions, new Set(call.target.permissions)))
          return call.unchanged(call.target);
        await change(call, call.checked ?? call.target.permissions, {
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description }),
        });
        return reread(call, call.target.id);
      },
      finish: forget,
    }),

    addPermission: steps({
      async check({ input, target, caller }: Call<InputOf<Ops['addPermission']>, RoleRow>) {
        requireChangeable(target, caller);
        const [added] = requireGivable([input.permission], caller, target.name);
        if (target.permissions.includes(added!))
          throw conflict(`the role '${target.name}' has the permission '${added}' already`);
        if (target.permissions.length >= MOST_PERMISSIONS)
          throw conflict(
            `the role '${target.name}' has ${MOST_PERMISSIONS} permissions, the most that a role can have`,
          );
        return added!;
      },
      async run(call) {
        await change(call, [...call.target.permissions, call.checked]);
        return {};
      },
      finish: forget,
    }),

    removePermission: steps({
      async check({ input, target, caller }: Call<InputOf<Ops['removePermission']>, RoleRow>) {
        requireChangeable(target, caller);
        const removed = plain(input.permission);
        if (!target.permissions.includes(removed))
          throw conflict(
            `the role '${target.name}' does not have the permission '${removed}'; it has: ${target.permissions.join(', ') || 'none'}`,
          );
        return removed;
      },
      async run(call) {
        await change(
          call,
          call.target.permissions.filter((permission) => permission !== call.checked),
        );
        return {};
      },
      finish: forget,
    }),

    delete: steps({
      async run({ sql, input, target, caller, tenantId, now }: Call<InputOf<Ops['delete']>, RoleRow>) {
        requireChangeable(target, caller);
        const roles = createPgRoleRepository(sql);
        const bound = await roles.countMembers(tenantId, target.name);
        if (bound > 0 && !input.force)
          throw conflict(
            `${bound === MOST_COUNTED ? 'at least ' : ''}${bound} member${bound === 1 ? ' has' : 's have'} the role '${target.name}'; give them another one with cloud roles bind, or set force to make them viewers`,
          );
        if (bound > 0) {
          // Who has less than a viewer would rise by deleting the role.
          await requireGrantable(sql, caller, FALLBACK);
          await roles.moveMembers(tenantId, target.name, FALLBACK);
        }
        await roles.expireInvitations(tenantId, target.name, now);
        await roles.remove(tenantId, target.id);
        return {};
      },
      finish: forget,
    }),

    bind: steps({
      async run({ sql, input, target: member, caller, unchanged }: Call<InputOf<Ops['bind']>, MemberRow>) {
        return (await giveRole(sql, caller, member, input.role_name)) ? {} : unchanged({});
      },
      async finish({ tenantId }) {
        deps.forgetCallers(`tenant ${tenantId}`);
      },
    }),
  };
};
