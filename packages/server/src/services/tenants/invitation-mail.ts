import { type MailToQueue, oneLine } from '../mail/index.ts';
import type { InvitationRow } from './invitation.ts';
import type { MemberRow } from '../identity/index.ts';
import type { TenantRow } from './tenant.ts';

/** What the invited person reads. The command can be pasted as it is. */
export function invitationMail(facts: {
  readonly row: InvitationRow;
  readonly tenant: Pick<TenantRow, 'name'>;
  readonly inviter: Pick<MemberRow, 'name' | 'email'>;
  readonly token: string;
  readonly publicUrl: string;
}): MailToQueue {
  const { row, token, publicUrl } = facts;
  const tenant = oneLine(facts.tenant.name).slice(0, 100);
  const inviter = `${oneLine(facts.inviter.name).slice(0, 100)} (${facts.inviter.email})`;
  const until = `${row.expires_at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return {
    to: row.email,
    subject: `Invitation to the tenant '${tenant}' on The Cloud`,
    text: `Hello,

${inviter} invites you to the tenant '${tenant}' on The Cloud,
with the role ${row.role}. The Cloud is at ${publicUrl}

To accept, log in or register, then run:

    cloud invitations accept ${row.id} --token ${token}

To decline, run:

    cloud invitations decline ${row.id} --token ${token}

The invitation expires on ${until}. If you did not expect it,
ignore this mail, and nothing happens.
`,
  };
}
