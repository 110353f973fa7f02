import { CloudError, conflict, invalidInput } from '../../kernel/errors.ts';
import { byAddress } from '../../kernel/plain-text.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { type Call, type CallFacts, type Handlers, steps } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { giveRole, requireGrantable } from '../roles/index.ts';
import { createPgInvitationRepository } from './invitation-repository.pg.ts';
import { presentMember } from './member.ts';
import type { memberOperations } from './member-operations.ts';
import { createPgMemberRepository, keepAnOwner, type MemberRow } from '../identity/index.ts';
import type { TenantRow } from './tenant.ts';

/**
 * Ends a membership, with the keys that it carried. The caller holds the tenant's row, so that two last owners cannot leave at once. Throws
 * CONFLICT for the last owner.
 */
export async function endMembership(sql: Sql, tenantId: string, who: Pick<MemberRow, 'id' | 'role'>): Promise<void> {
  await keepAnOwner(sql, tenantId, who);
  await createPgMemberRepository(sql).end(who.id);
}

export const createMemberHandlers = ({
  forgetCallers,
}: {
  readonly forgetCallers: (subject?: string) => void;
}): Handlers<typeof memberOperations, { tenant: TenantRow; member: MemberRow }> => {
  const finish = async ({ tenantId }: CallFacts) => forgetCallers(`tenant ${tenantId}`);

  return {
    async list({ sql, input, tenantId }) {
      const page = pageRequest(input);
      const rows = await createPgMemberRepository(sql).list(tenantId, page);
      const { items, ...rest } = toPage(rows, page.limit, (row) => row.id);
      return { items: items.map(presentMember), ...rest };
    },

    add: steps({
      async quota({ sql, tenantId }) {
        return [{ resource: 'members', used: await createPgMemberRepository(sql).count(tenantId), wanted: 1 }];
      },
      async run({
        sql,
        input: { email, role },
        target,
        caller,
        now,
        about,
      }: Call<InputOf<(typeof memberOperations)['add']>, TenantRow>) {
        await requireGrantable(sql, caller, role);
        const repository = createPgMemberRepository(sql);
        const userId = await byAddress(email, repository.findUserId);
        if (userId === undefined)
          throw new CloudError(
            'NOT_FOUND',
            404,
            `no user of the platform has the e-mail address '${email}'; invite them: cloud invitations create ${email} --role ${role}`,
          );
        if (!(await repository.insert(target.id, userId, role, now)))
          throw conflict(
            `'${email}' is already a member; to change the role: cloud members update ${email} --role ${role}`,
          );
        await createPgInvitationRepository(sql).removeFor(target.id, email);
        about({ id: userId });
        const row = await repository.find(target.id, userId);
        return {
          message: `'${email}' is a member of '${target.name}' now, with the role ${role}`,
          ...presentMember(row!),
        };
      },
      finish,
    }),

    update: steps({
      async run({
        sql,
        input: { role },
        target,
        caller,
      }: Call<InputOf<(typeof memberOperations)['update']>, MemberRow>) {
        if (role === target.role)
          throw invalidInput(`'${target.email}' has the role '${role}' already; choose another`);
        await giveRole(sql, caller, target, role);
        return { ...target, role };
      },
      finish,
    }),

    remove: steps({
      async run({ sql, target, tenantId, caller, userId }: Call<unknown, MemberRow>) {
        if (target.id !== userId) await requireGrantable(sql, caller, target.role);
        await endMembership(sql, tenantId, target);
        return { message: `'${target.email}' is no longer a member` };
      },
      finish,
    }),
  };
};
