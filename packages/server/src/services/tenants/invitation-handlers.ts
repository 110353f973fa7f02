import { CloudError, conflict, forbidden, notFound, quotaExceeded } from '../../kernel/errors.ts';
import { newSecret, sha256Hex } from '../../kernel/ids.ts';
import { newAddress } from '../../kernel/plain-text.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import { queueMail } from '../mail/index.ts';
import { requireGrantable } from '../roles/index.ts';
import { type InvitationRow, presentInvitation, presentMyInvitation } from './invitation.ts';
import { invitationMail } from './invitation-mail.ts';
import { type AnswerRow, createPgInvitationRepository } from './invitation-repository.pg.ts';
import type { invitationOperations } from './member-operations.ts';
import { createPgMemberRepository } from '../identity/index.ts';
import { presentTenant, type TenantRow } from './tenant.ts';
import { createPgTenantRepository } from './tenant-repository.pg.ts';

/** Days for which an invitation is valid. */
const VALID_DAYS = 7;
const DAY_MS = 86_400_000;
/** Bytes of a token: nobody guesses 256 bits. */
const TOKEN_BYTES = 32;
/** Most members of a tenant whose quota the operator has not set. */
export const MOST_MEMBERS = 100;

type Answer = InputOf<(typeof invitationOperations)['accept']>;

export interface InvitationDeps {
  /** Clears this process's cache of authenticated keys. */
  readonly forgetCallers: (subject?: string) => void;
  /** Where people reach the API. */
  readonly publicUrl: string;
}

export const createInvitationHandlers = ({
  forgetCallers,
  publicUrl,
}: InvitationDeps): Handlers<typeof invitationOperations, { tenant: TenantRow; invitation: InvitationRow }> => {
  const send = async (call: Call<unknown>, row: InvitationRow, tenant: TenantRow, token: string) => {
    const inviter = await createPgMemberRepository(call.sql).find(tenant.id, call.userId);
    await queueMail(call, invitationMail({ row, tenant, inviter: inviter!, token, publicUrl }));
  };

  return {
    create: steps({
      async quota({ sql, tenantId }) {
        return [{ resource: 'invitations', used: await createPgInvitationRepository(sql).count(tenantId), wanted: 1 }];
      },
      async run(call: Call<InputOf<(typeof invitationOperations)['create']>, TenantRow>) {
        const { sql, input, target, caller, createdId, userId, now } = call;
        await requireGrantable(sql, caller, input.role);
        const email = newAddress(input.email);
        const members = createPgMemberRepository(sql);
        const known = await members.findUserId(email);
        if (known !== undefined && (await members.find(target.id, known)))
          throw conflict(
            `'${email}' is already a member; to change the role: cloud members update ${email} --role ${input.role}`,
          );
        const token = newSecret(TOKEN_BYTES);
        const row = await createPgInvitationRepository(sql).insert({
          id: createdId,
          tenantId: target.id,
          email,
          role: input.role,
          tokenHash: sha256Hex(token),
          invitedBy: userId,
          at: now,
          expiresAt: new Date(now.getTime() + VALID_DAYS * DAY_MS),
        });
        if (!row)
          throw conflict(`'${email}' is already invited; to send the mail again: cloud invitations resend ${email}`);
        await send(call, row, target, token);
        call.about({ id: createdId });
        return row;
      },
    }),

    async list({ sql, input, tenantId }) {
      const page = pageRequest(input);
      const rows = await createPgInvitationRepository(sql).list(tenantId, page);
      const { items, ...rest } = toPage(rows, page.limit, (row) => row.id);
      return { items: items.map(presentInvitation), ...rest };
    },

    async resend(call) {
      const { sql, target, targets, caller, userId, now } = call;
      await requireGrantable(sql, caller, target.role);
      const token = newSecret(TOKEN_BYTES);
      const expiresAt = new Date(now.getTime() + VALID_DAYS * DAY_MS);
      const row = await createPgInvitationRepository(sql).renew(target.id, sha256Hex(token), userId, now, expiresAt);
      await send(call, row, targets[0] as TenantRow, token);
      return row;
    },

    async revoke({ sql, target }) {
      await createPgInvitationRepository(sql).remove(target.id);
      return { message: `the invitation of '${target.email}' is revoked` };
    },

    async mine({ sql, input, now }) {
      const page = pageRequest(input);
      const rows = await createPgInvitationRepository(sql).mine(page, now);
      const { items, ...rest } = toPage(rows, page.limit, (row) => row.id);
      return { items: items.map(presentMyInvitation), ...rest };
    },

    accept: steps({
      async run(call: Call<Answer>) {
        const { tenant_id: tenantId } = await answer(call, true);
        return presentTenant((await createPgTenantRepository(call.sql).find(tenantId, call.userId, false))!);
      },
      finish: async ({ userId }) => forgetCallers(`user ${userId}`),
    }),

    async decline(call) {
      const { tenant_id, tenant_name } = await answer(call, false);
      return { message: `you have declined the invitation to '${tenant_name}'`, tenant_id };
    },
  };
};

/** Who holds no token and is not invited learns nothing. */
async function answer(call: Call<Answer>, accepts: boolean): Promise<AnswerRow> {
  const { sql, input, userId, now } = call;
  const tokenHash = input.token === undefined ? null : sha256Hex(input.token);
  const row = await createPgInvitationRepository(sql).answer(input.id, tokenHash, accepts, MOST_MEMBERS, now);
  const { outcome, tenant_name: tenant, invited_by: inviter } = row;
  switch (outcome) {
    case 'missing':
      throw notFound('invitation', input.id);
    case 'token_needed':
      throw forbidden(
        'you registered after this invitation was sent, so it needs the token of the mail: cloud invitations accept <id> --token <token>',
      );
    case 'expired':
      throw conflict(`this invitation to '${tenant}' has expired; ask ${inviter} to send it again`);
    case 'member':
      throw conflict(`you are already a member of '${tenant}'; to act in it: cloud tenants switch ${row.tenant_id}`);
    case 'role_gone':
      throw conflict(`the role '${row.role}' no longer exists in '${tenant}'; ask ${inviter} for another invitation`);
    case 'inviter_cannot':
      throw forbidden(
        `${inviter} may no longer invite somebody to '${tenant}' with the role '${row.role}'; ask another member to send the invitation again`,
      );
    case 'full':
      throw quotaExceeded(`the tenant '${tenant}' has as many members as it may; ask ${inviter} to make room`);
    case 'suspended':
      throw new CloudError('FORBIDDEN', 403, `the tenant '${tenant}' is suspended; ask ${inviter} about it`);
    default:
  }
  call.becomes({ userId, tenantId: row.tenant_id });
  call.about({ id: input.id, tenantId: row.tenant_id });
  return row;
}
