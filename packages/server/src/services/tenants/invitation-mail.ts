import { type MailToQueue, oneLine } from '../mail/index.ts';
import type { InvitationRow } from './invitation.ts';
import type { MemberRow } from '../identity/index.ts';
import type { TenantRow } from './tenant.ts';

/** What the invited person reads. The command can be pasted as it is. The token stands in the fragment of the link, which browsers send to no server. */
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
with the role ${row.role}. To accept or to decline, open

    ${publicUrl}/console/invitation#id=${row.id}&token=${token}

or log in or register on the command line, with --endpoint ${publicUrl}, and run one of:

    cloud invitations accept ${row.id} --token ${token}
    cloud invitations decline ${row.id} --token ${token}

The invitation expires on ${until}. If you did not expect it,
ignore this mail, and nothing happens.
`,
  };
}
